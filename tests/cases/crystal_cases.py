"""What becomes of an input of crystals, and what should: the cases and their judge."""

import contextlib
import csv
import io
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq
from ase.data import chemical_symbols

DATA = Path(__file__).parents[1] / "data/crystals"
SETTINGS = '{"max_atoms": 1000, "max_atoms_per_element": 1000}'


@dataclass
class Outcome:
    """What became of an input: content by id, reason by id, and the sentence where all was refused."""

    kept: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    sentence: str = ""
    traceback: str = ""


def prepare(path: Path, form: str) -> Outcome:
    """Run ``prepare crystals`` in this process."""
    from groundstate.cli import main

    errors, out = io.StringIO(), Path(tempfile.mkdtemp())
    command = ["prepare", "crystals", "--input", str(path), "--format", form, "--output-dir", str(out)]
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            main([*command, "--settings", SETTINGS])
    except SystemExit as end:
        if end.code not in (0, None):
            return Outcome(sentence=errors.getvalue().splitlines()[-1])
    except Exception as error:
        return Outcome(traceback=f"{type(error).__name__}: {error}")
    rows = pq.read_table(out / "records.parquet").to_pylist()
    kept = {row["id"]: content(row["atomic_numbers"]) for row in rows}
    with (out / "rejected.csv").open(newline="", encoding="utf-8") as handle:
        return Outcome(kept, {row["id"]: row["reason"] for row in csv.DictReader(handle)})


def content(numbers: list[int]) -> str:
    counts = Counter(chemical_symbols[number] for number in numbers)
    return " ".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


@dataclass(frozen=True)
class Case:
    """One input: ``make`` writes it; ``kept`` id -> content, ``refused`` id -> reason (regex)."""

    kind: str
    name: str
    form: str
    make: Callable[[Path], Path]
    kept: dict[str, str]
    refused: dict[str, str]

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}"


CASES: list[Case] = []
HEX = (90, 90, 120)
PRE = "data_x\n"
SALT = "Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"


def add(
    kind: str,
    name: str,
    form: str,
    make: Callable[[Path], Path],
    kept: dict | None = None,
    refused: dict | None = None,
) -> None:
    CASES.append(Case(kind, name, form, make, kept or {}, refused or {}))


def given(
    kind: str, form: str, folder: str, name: str, kept: dict | None = None, refused: dict | None = None
) -> None:
    add(kind, name, form, lambda _: DATA / folder / name, kept, refused)


def text(name: str, body: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(body.encode(encoding))
        return folder / name

    return make


def cell(a: float, b: float | None = None, c: float | None = None, angles: tuple = (90, 90, 90)) -> str:
    lengths = (a, b or a, c or a)
    return "".join(
        f"_cell_length_{axis} {value}\n" for axis, value in zip("abc", lengths, strict=True)
    ) + "".join(
        f"_cell_angle_{name} {value}\n"
        for name, value in zip(("alpha", "beta", "gamma"), angles, strict=True)
    )


def sites(rows: str, types: bool = True, more: str = "") -> str:
    columns = ["label", *(["type_symbol"] if types else []), "fract_x", "fract_y", "fract_z", *more.split()]
    return "loop_\n" + "".join(f"_atom_site_{column}\n" for column in columns) + rows + "\n"


def cif(name: str, kind: str, body: str, kept: str | None = None, refused: str | None = None) -> None:
    """Add a CIF whose only crystal has the file's name."""
    add(
        kind,
        name,
        "cif",
        text(f"{name}.cif", body),
        {} if kept is None else {name: kept},
        {} if refused is None else {name: refused},
    )


def judge(case: Case, outcome: Outcome) -> str:
    """``right``, ``refused`` (by name, as it should be) or ``wrong``, with what is."""
    if outcome.traceback:
        return f"wrong: traceback {outcome.traceback[:100]}"
    if not case.kept:
        said = outcome.sentence or " ".join(outcome.rejected.values())
        ok = not outcome.kept and all(re.search(reason, said) for reason in case.refused.values())
        if not outcome.kept and said.startswith("error: ") and not ok:
            return f"refused otherwise: {said}"
        return "refused" if ok else f"wrong: {outcome}"
    if outcome.kept != case.kept:
        return f"wrong: {outcome}"
    for name, reason in case.refused.items():
        if not re.search(reason, outcome.rejected.get(name, "")):
            return f"wrong: {name} is not refused for {reason!r}: {outcome.rejected}"
    return (
        "right" if outcome.rejected.keys() == case.refused.keys() else f"wrong: rejected {outcome.rejected}"
    )
