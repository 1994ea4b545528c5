"""``records.parquet`` and ``splits.csv``, checked row by row."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.crystals.crystal import MAX_NUMBER, Crystal
from groundstate.errors import GroundstateError
from groundstate.records import Rejection
from groundstate.text import open_text

PARTS = ("train", "validation", "test")
_ROWS = 1024  # at once
_NEEDED = ("id", "atomic_numbers", "frac_coords", "lattice", "properties")


def read_record_file(path: str | Path) -> Iterator[Crystal | Rejection]:
    """Give each row of a record file as a crystal, or why it is none.

    Raises ``GroundstateError`` where the file is absent, not Parquet, damaged, or lacks a column.
    """
    path, number = Path(path), 0
    try:
        with pq.ParquetFile(path) as file:
            present = file.schema_arrow.names
            if missing := [name for name in _NEEDED if name not in present]:
                raise GroundstateError(
                    f"{path}: not a file of crystal records: no column {missing[0]}; it has "
                    f"{', '.join(present[:12])}; run prepare crystals"
                )
            for batch in file.iter_batches(_ROWS, columns=list(_NEEDED)):
                for values in zip(*(_values(batch.column(name)) for name in _NEEDED), strict=True):
                    number += 1
                    yield _row(dict(zip(_NEEDED, values, strict=True)), number)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; run the prepare stage first") from None
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable record file ({error}); delete it and rerun") from None


def _values(column: pa.Array) -> list:
    """Return Python values; a column of another type may hold anything, each row is checked."""
    try:
        return column.to_pylist()
    except (pa.ArrowException, UnicodeDecodeError, ValueError) as error:
        return [error] * len(column)


def _row(row: Mapping[str, object], number: int) -> Crystal | Rejection:
    name = row["id"] if isinstance(row["id"], str) and row["id"] else f"row-{number}"
    try:
        if name is not row["id"]:
            raise ValueError("the row has no id")
        numbers, frac = _numbers(row["atomic_numbers"]), _points(row["frac_coords"], "frac_coords")
        lattice = _points(row["lattice"], "lattice")
        if len(numbers) != len(frac):
            raise ValueError(f"{len(numbers)} atomic numbers and {len(frac)} coordinates")
        if len(lattice) != 3:
            raise ValueError(f"the lattice has {len(lattice)} rows, not 3")
        return Crystal(name, numbers, frac, lattice, _properties(row["properties"]))
    except ValueError as error:
        return Rejection(name, "read", f"row {number}: {error}")


def _numbers(values: object) -> np.ndarray:
    if not isinstance(values, list) or not values:
        raise ValueError("atomic_numbers is empty or no list")
    for value in values:
        if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= MAX_NUMBER:
            raise ValueError(f"the atomic number {value} is no element")
    return np.asarray(values, dtype=int)


def _points(values: object, what: str) -> np.ndarray:
    if not isinstance(values, list):
        raise ValueError(f"{what} is {'null' if values is None else 'no list'}")
    for value in values:
        if not isinstance(value, list) or len(value) != 3:
            raise ValueError(f"{what} has a row that is not three numbers")
        for part in value:
            if not isinstance(part, int | float) or not np.isfinite(part):
                raise ValueError(f"{what} has {part}, not a finite number")
    return np.asarray(values, dtype=float).reshape(-1, 3)


def _properties(values: object) -> dict[str, float]:
    """Return the properties that have a finite value."""
    if values is None:
        return {}
    if not isinstance(values, list) or not all(isinstance(pair, tuple) and len(pair) == 2 for pair in values):
        raise ValueError("properties is no map")
    properties: dict[str, float] = {}
    for key, value in values:
        if not isinstance(key, str):
            raise ValueError("a property has no name")
        if key in properties:
            raise ValueError(f"the property {key!r} stands twice")
        if value is not None and not isinstance(value, int | float):
            raise ValueError(f"the property {key!r} is {value!r}, not a number")
        if value is not None and np.isfinite(value):
            properties[key] = float(value)
    return properties


def read_splits(path: str | Path) -> dict[str, str]:
    """Return id -> part of a ``splits.csv`` (columns ``id`` and ``random``), in file order.

    Raises ``GroundstateError`` with the line of a part that is none, a row that is cut, or an id that is
    empty or stands twice.
    """
    with open_text(path, newline="") as stream:
        reader = csv.DictReader(stream)
        if missing := [name for name in ("id", "random") if name not in (reader.fieldnames or ())]:
            raise GroundstateError(f"{path}: no column {missing[0]!r}; it has {reader.fieldnames}")
        part_of: dict[str, str] = {}
        for row in reader:
            line = f"{path}: line {reader.line_num}"
            if not row["id"]:
                raise GroundstateError(f"{line}: the id is empty; prepare the data again")
            if row["random"] not in PARTS:
                raise GroundstateError(
                    f"{line}: {row['id']!r} is in the part {row['random']!r}; allowed: {', '.join(PARTS)}"
                )
            if row["id"] in part_of:
                raise GroundstateError(f"{line}: {row['id']!r} stands twice; prepare the data again")
            part_of[row["id"]] = row["random"]
    return part_of


def ids_of_parts(path: str | Path, parts: Sequence[str], present: set[str], where: str | Path) -> list[str]:
    """Return the ids of some parts of a ``splits.csv``, in its order; ``present``: those that ``where`` has.

    Raises ``GroundstateError`` where there is none, or one that ``where`` lacks.
    """
    ids = [name for name, part in read_splits(path).items() if part in parts]
    if not ids:
        raise GroundstateError(
            f"{path}: the {' and '.join(parts)} part is empty; use more data or other fractions"
        )
    if missing := [name for name in ids if name not in present]:
        raise GroundstateError(
            f"{path}: {missing[0]!r} is not in {where} ({len(missing)} of {len(ids)} are not); "
            "use the splits of these crystals, or prepare the data again"
        )
    return ids


def read_ids(path: str | Path, setting: str) -> set[str]:
    """Return the first column of a text or CSV file (.gz too).

    Raises ``GroundstateError`` that names the setting where it cannot be read.
    """
    path = Path(path)
    try:
        with open_text(path, newline="") as stream:
            return {row[0].strip() for row in csv.reader(stream) if row}
    except (GroundstateError, csv.Error) as error:
        raise GroundstateError(f"{setting}: {error}") from None
