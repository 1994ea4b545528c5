"""Write predicted molecules in the format that the file's suffix says, and beside them what was rejected."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, rejected_file
from groundstate.molecules.models.predict import PredictedMolecule
from groundstate.molecules.mols import record_from_mol
from groundstate.molecules.sdf import molblock_with_properties
from groundstate.names import extxyz_value, line_fault
from groundstate.progress import Progress
from groundstate.records import MOLECULE_SCHEMA, Rejection, write_rejected

TEXTS = ("origin", "domain", "method", "failed", "stripped")
NUMBERS = ("error_estimate", "relative_energy_kcal")
ROW_GROUP = 1000  # records that are held in memory at one time
# columns beside those of every molecule record
PREDICTION_SCHEMA = pa.schema(
    [
        *MOLECULE_SCHEMA,
        ("rank", pa.int32()),
        ("origin", pa.string()),
        ("error_estimate", pa.float64()),  # angstrom
        ("domain", pa.string()),
        ("method", pa.string()),  # what ranked the geometries by energy
        ("relative_energy_kcal", pa.float64()),  # above the best
        ("failed", pa.string()),
    ]
)


class Written(NamedTuple):
    """How many molecules were written, and how many of them the model was not trained for."""

    molecules: int
    outside: int


def check_output(output: str | Path) -> None:
    """Refuse an output before anything is computed.

    Raises ``GroundstateError`` for a suffix without a format, and for a file that no prediction wrote.
    """
    output = Path(output)
    if output.suffix.lower() not in WRITERS:
        raise GroundstateError(
            f"--output {output}: the suffix {output.suffix!r} says no format; "
            f"choose one of {', '.join(WRITERS)}"
        )
    if output.is_dir():
        raise GroundstateError(f"--output {output}: is a folder; name a file in it")
    if output.exists() and not rejected_file(output).exists():
        raise GroundstateError(
            f"--output {output}: is there already and no prediction of this program wrote it (there is no "
            f"{rejected_file(output).name} beside it); choose another name, or move it away"
        )
    table = rejected_file(output)
    if table.exists() and not (table.is_file() and table.read_bytes().startswith(b"id,stage,reason")):
        raise GroundstateError(
            f"--output {output}: {table} is there, is no table of rejections, and would be replaced; "
            "choose another name, or move it away"
        )


def write_predictions(
    predictions: Iterable[Sequence[PredictedMolecule]],
    output: str | Path,
    rejections: list[Rejection],
    total: int,
    keep_failed: bool,
) -> Written:
    """Write the molecules and, beside them, ``rejected_file(output)``.

    ``keep_failed`` writes failed molecules with their start geometry and the property ``failed``, so that a
    score counts them; without it they are rejected: what is in the file then has the stereo of the input.
    An id that does not fit one line is rejected, too.
    """
    output = Path(output)
    progress = Progress("predict geometry", total, "molecules")
    molecules = outside = 0

    def accepted() -> Iterator[PredictedMolecule]:
        nonlocal molecules, outside
        for ranked in predictions:
            progress.update()
            first = ranked[0]
            reason = line_fault(first.id) or (None if keep_failed else first.failed)
            if reason:
                rejections.append(Rejection(first.id, "predict", reason))
                continue
            molecules += 1
            outside += str(first.properties.get("domain", "")).startswith("outside")
            yield from ranked

    with atomic_path(output) as temporary:
        WRITERS[output.suffix.lower()](temporary, accepted())
        write_rejected(rejected_file(output), rejections)
    return Written(molecules, outside)


def _sdf(path: Path, predictions: Iterable[PredictedMolecule]) -> None:
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for one in predictions:
            handle.write(molblock_with_properties(one.mol, one.id, one.properties))


def _xyz(path: Path, predictions: Iterable[PredictedMolecule]) -> None:
    """Write plain XYZ: the comment line is the id."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for one in predictions:
            handle.write(_frame(one, one.id))


def _extxyz(path: Path, predictions: Iterable[PredictedMolecule]) -> None:
    """Write extended XYZ: the comment line holds the id and all properties."""
    with path.open("w", encoding="utf-8", newline="\n") as handle:
        for one in predictions:
            values = {"id": one.id, **one.properties}
            fields = [
                f"{key}={value if isinstance(value, int) else extxyz_value(' '.join(str(value).split()))}"
                for key, value in values.items()
                if key != "id"
            ]
            comment = ["Properties=species:S:1:pos:R:3", 'pbc="F F F"', f"id={extxyz_value(one.id)}", *fields]
            handle.write(_frame(one, " ".join(comment)))


def _frame(one: PredictedMolecule, comment: str) -> str:
    atoms = zip(one.mol.GetAtoms(), one.mol.GetConformer().GetPositions(), strict=True)
    lines = [f"{atom.GetSymbol():2s} {x:14.8f} {y:14.8f} {z:14.8f}" for atom, (x, y, z) in atoms]
    return "\n".join([str(one.mol.GetNumAtoms()), comment, *lines, ""])


def _parquet(path: Path, predictions: Iterable[PredictedMolecule]) -> None:
    """Write molecule records with the columns of ``PREDICTION_SCHEMA``."""
    with pq.ParquetWriter(path, PREDICTION_SCHEMA) as writer:
        rows: list[dict] = []
        for one in predictions:
            rows.append(
                record_from_mol(one.id, one.mol)
                | {name: one.properties.get(name) for name in (*TEXTS, "rank")}
                | {name: float(str(one.properties[name])) for name in NUMBERS if name in one.properties}
            )
            if len(rows) == ROW_GROUP:
                writer.write_table(pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA))
                rows = []
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=PREDICTION_SCHEMA))


WRITERS: dict[str, Callable[[Path, Iterable[PredictedMolecule]], None]] = {
    ".sdf": _sdf,
    ".xyz": _xyz,
    ".extxyz": _extxyz,
    ".parquet": _parquet,
}
