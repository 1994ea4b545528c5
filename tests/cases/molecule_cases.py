"""What becomes of an input of molecules, and what should: the cases and their judge.

The functions use the package by the names of this version or of earlier ones, so that the table of
``table.py`` can tell both.
"""

import contextlib
import csv
import importlib
import io
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from rdkit import Chem, rdBase

CASES_FOLDER = Path(__file__).parents[1] / "data" / "molecule_cases"


@dataclass
class Outcome:
    """What became of a file: SMILES by id, reasons by id, or the sentence or traceback that ended it."""

    kept: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, list[str]] = field(default_factory=dict)
    sentence: str = ""
    traceback: str = ""


@dataclass(frozen=True)
class Case:
    """One molecule (or one faulty file, id "") of a file.

    ``kept`` are its ids with SMILES, "" where these are not compared; ``refused`` is a reason (regex).
    """

    kind: str
    name: str
    make: Callable[[Path], Path]
    id: str
    kept: dict[str, str] = field(default_factory=dict)
    refused: str = ""


def _module(*names: str) -> object:
    for name in names:
        with contextlib.suppress(ModuleNotFoundError):
            return importlib.import_module(f"groundstate.molecules.{name}")
    raise ModuleNotFoundError(str(names))


def read(path: Path) -> Outcome:
    """Read a file as ``predict geometry`` does."""
    from groundstate.errors import GroundstateError

    requests = _module("dataset.requests", "requests")
    rejections: list = []
    try:
        with rdBase.BlockLogs(), contextlib.redirect_stderr(io.StringIO()):
            kept = requests.read_requests(path, rejections)
    except GroundstateError as error:
        return Outcome(sentence=str(error))
    except Exception as error:
        return Outcome(traceback=f"{type(error).__name__}: {error}")
    outcome = Outcome()
    for one in kept:
        name, mol = (one["id"], _module("mols").mol_from_record(one)) if isinstance(one, dict) else one
        outcome.kept[name] = Chem.MolToSmiles(Chem.RemoveHs(mol))
    for one in rejections:
        outcome.rejected.setdefault(one.id, []).append(one.reason)
    return outcome


def judge(case: Case, outcome: Outcome) -> str:
    """``right``, ``refused`` (by name, as it should be) or ``wrong``, with what is."""
    if outcome.traceback:
        return f"wrong: traceback {outcome.traceback[:100]}"
    if outcome.sentence:
        if case.refused and not case.id:
            ok = re.search(case.refused, outcome.sentence)
            return "refused" if ok else f"refused otherwise: {outcome.sentence}"
        return f"wrong: the whole file is refused: {outcome.sentence}"
    isomers = {
        name: smiles
        for name, smiles in outcome.kept.items()
        if name == case.id or name in case.kept or re.fullmatch(re.escape(case.id) + r"-\d+", name)
    }
    reasons = outcome.rejected.get(case.id, [])
    if not case.id:
        return "wrong: kept " + ", ".join(outcome.kept) if outcome.kept else "refused row by row"
    if case.refused:
        if any(re.search(case.refused, reason) for reason in reasons):
            return "refused"
        if reasons:
            return f"refused otherwise: {reasons[0]}"
        return f"wrong: kept as {isomers}"
    others = {name for name in isomers if name not in case.kept and not case.kept.keys() & {case.id}}
    if case.kept.keys() - isomers.keys() or others:
        return f"wrong: {list(isomers)} {reasons[:1]}"
    for name, smiles in case.kept.items():
        if smiles and isomers[name] != Chem.CanonSmiles(smiles):
            return f"wrong: {name} is {isomers[name]}, not {smiles}"
    return "right"


def given() -> list[Case]:
    """Give the molecules of ``tests/data/molecule_cases`` with the outcomes of ``expected.csv``."""
    with (CASES_FOLDER / "expected.csv").open(newline="", encoding="utf-8") as handle:
        rows = list(csv.DictReader(handle))
    cases = []
    for file, group in itertools.groupby(rows, key=lambda row: row["file"]):
        mine = list(group)
        for name, isomers in itertools.groupby(mine, key=lambda row: _source(row, mine)):
            same = list(isomers)
            for outcome, some in itertools.groupby(same, key=lambda row: row["outcome"]):
                some = list(some)
                kept = {row["id"]: "" for row in some} if outcome == "kept" else {}
                refused = "" if kept else re.escape(some[0]["reason"]) or "."
                make = lambda _, file=file: CASES_FOLDER / file  # noqa: E731
                cases.append(Case(file.split("/")[0], file, make, name, kept, refused))
    return cases


def _source(row: dict, rows: list[dict]) -> str:
    """Give the id of the molecule that an isomer ``id-1``, ``id-2`` is one of."""
    base, _, number = row["id"].rpartition("-")
    several = {other["id"] for other in rows} >= {f"{base}-1", f"{base}-2"}
    alone = row["file"].split("/")[-1].split(".")[0] == base  # molecules without a name have such ids, too
    return base if number.isdigit() and several and not alone and row["outcome"] == "kept" else row["id"]
