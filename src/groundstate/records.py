"""Tables that pass from stage to stage: Parquet records and the list of what was rejected."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.text import open_text

PARTS = ("", "train", "validation", "test")  # of a split; empty: in none of its parts
VECTORS = pa.list_(pa.list_(pa.float64(), 3))

MOLECULE_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("smiles", pa.string()),  # isomeric, stereo read from the geometry where there is one
        ("inchi", pa.string()),  # without stereo layers: the group that never sits on two sides of a split
        ("atomic_numbers", pa.list_(pa.int16())),
        ("formal_charges", pa.list_(pa.int8())),
        ("radical_electrons", pa.list_(pa.int8())),
        ("bonds", pa.list_(pa.list_(pa.int32(), 3))),  # atom, atom, order (kekulised: 1, 2, 3)
        ("positions", VECTORS),  # angstrom; null where the source has no geometry
        ("properties", pa.map_(pa.string(), pa.float64())),
        ("stripped", pa.string()),  # SMILES of what was taken off a salt or mixture; null where nothing was
    ]
)

CRYSTAL_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("formula", pa.string()),  # reduced formula
        ("atomic_numbers", pa.list_(pa.int16())),
        ("frac_coords", VECTORS),
        ("lattice", VECTORS),  # rows are the cell vectors, angstrom
        ("properties", pa.map_(pa.string(), pa.float64())),
    ]
)


class Records(Protocol):
    """Rows that can be counted, and iterated any number of times: a list, or a ``RecordFile``."""

    def __len__(self) -> int:
        """Count the rows."""

    def __iter__(self) -> Iterator[dict]:
        """Stream the rows."""


class Rejection(NamedTuple):
    """One input that a stage did not pass on."""

    id: str
    stage: str
    reason: str


def write_records(path: str | Path, rows: Sequence[dict], schema: pa.Schema) -> None:
    """Write ``rows`` (one dict per structure) as Parquet with ``schema``, atomically."""
    with atomic_path(path) as temporary:
        pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), temporary)


def read_records(path: str | Path, schema: pa.Schema, ids: Iterable[str] | None = None) -> list[dict]:
    """Read records as dicts, in file order; with ``ids`` only those.

    Raises ``GroundstateError`` where the file is absent, not Parquet, or has other columns.
    """
    path = Path(path)
    try:
        table = pq.read_table(path, columns=schema.names).cast(schema)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; run the prepare stage first") from None
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable record file ({error}); delete it and rerun") from None
    if ids is not None:
        chosen = set(ids)
        table = table.filter(pa.array([name in chosen for name in table["id"].to_pylist()], pa.bool_()))
    return table.to_pylist(maps_as_pydicts="strict")


def name_stage(rejections: Iterable[Rejection], stage: str) -> list[Rejection]:
    """Give ``rejections`` under the name of another stage, such as ``read reference``."""
    return [rejection._replace(stage=stage) for rejection in rejections]


def write_rejected(path: str | Path, rejections: Iterable[Rejection]) -> None:
    """Write ``rejected.csv`` (id, stage, reason); an empty list still writes the header."""
    # an id or a reason may hold what is no UTF-8, such as the name of a file
    with (
        atomic_path(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors="backslashreplace") as handle,
    ):
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(Rejection._fields)
        writer.writerows(rejections)


def write_any_rejected(path: str | Path, rejections: Sequence[Rejection]) -> None:
    """Write ``rejected.csv``; where nothing was rejected there is none, and that of an older run goes."""
    if rejections:
        write_rejected(path, rejections)
    else:
        Path(path).unlink(missing_ok=True)


def read_split(path: str | Path, column: str, part: str, present: Iterable[str] | None = None) -> list[str]:
    """Read the ids whose ``column`` (``random``, ``scaffold``) in the split file is ``part``, in file order.

    Parameters
    ----------
    part
        ``train``, ``validation`` or ``test``; only the validation part may be empty.
    present
        Ids of the record file that the splits belong to, which must be theirs.

    Raises
    ------
    GroundstateError
        Where the file is absent, cut, damaged, has no such column, or is of other records.
    """
    part_of: dict[str, str] = {}
    with open_text(path, newline="") as handle:
        reader = csv.DictReader(handle)
        if missing := [name for name in ("id", column) if name not in (reader.fieldnames or ())]:
            raise GroundstateError(f"{path}: no split named {missing[0]!r}; it has {reader.fieldnames}")
        for row in reader:
            where = f"{path}: line {reader.line_num}"
            if not row["id"] or None in row or None in row.values():
                raise GroundstateError(f"{where} is cut or has no id; run the prepare stage again")
            if row[column] not in PARTS:
                raise GroundstateError(f"{where}: {row[column]!r} is no part; one of {', '.join(PARTS[1:])}")
            if row["id"] in part_of:
                raise GroundstateError(f"{where}: {row['id']!r} stands twice; run the prepare stage again")
            part_of[row["id"]] = row[column]
    if present is not None:
        _check_same(path, part_of, present)
    ids = [name for name, own in part_of.items() if own == part]
    if not ids and part != "validation":
        raise GroundstateError(f"{path}: no record is in the part {part!r} of the split {column!r}")
    return ids


def _check_same(path: str | Path, part_of: Mapping[str, str], present: Iterable[str]) -> None:
    """Raise where the split file has other ids than the records."""
    ids = set(present)
    remedy = "the split file is of other records, or cut; run the prepare stage again"
    for name in part_of:
        if name not in ids:
            raise GroundstateError(f"{path}: {name!r} is not among the records: {remedy}")
    if absent := sorted(name for name in ids if name not in part_of)[:1]:
        raise GroundstateError(f"{path}: the record {absent[0]!r} is in no part: {remedy}")
