"""Molecule3D: the official SDF parts with their split files, and the Parquet mirror."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import zip_longest
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.readers.table import Row, cell, read_rows
from groundstate.molecules.mols import RecordError
from groundstate.molecules.sdf import SdfBlock, parse_block, parse_molblock, read_sdf_blocks
from groundstate.text import open_text

# column of the mirror -> property of the record (orbital and SCF energies as read by cclib: eV)
PROPERTIES = {
    "dipole x": "dipole_x",
    "dipole y": "dipole_y",
    "dipole z": "dipole_z",
    "homo": "homo_ev",
    "lumo": "lumo_ev",
    "homolumogap": "homo_lumo_gap_ev",
    "scf energy": "scf_energy_ev",
}
BATCH = 1000
NO_ROW = Row({}, 0)
PART_NAMES = np.array(["", "train", "validation", "test"])
CODES = {"train": 1, "valid": 2, "test": 3}


def read_molecule3d(paths: Sequence[str | Path]) -> Iterator[Entry]:
    """Stream the official files of Molecule3D, or any of them that are there.

    Parameters
    ----------
    paths
        The SDF parts (``combined_mols_0_to_1000000.sdf`` ...; sorted by their first number), and optionally
        ``properties.csv`` (one row per molecule) and the split files ``random_split_inds.json``,
        ``scaffold_split_inds.json`` (``train``, ``valid``, ``test``: lists of molecule numbers),
        ``random_test_split_inds.json``, ``scaffold_test_split_inds.json`` (the property experiment: positions
        within the test part, in ascending order of the molecules).

    Ids are ``m3d_`` and the number of the molecule in the whole set in seven digits. Splits come out as
    ``official_random``, ``official_scaffold``, ``official_random_property``, ``official_scaffold_property``.

    Raises ``GroundstateError`` where a file is none of these, or the files do not belong together.
    """
    files = {Path(path).name: Path(path) for path in paths}
    parts = sorted((name for name in files if re.search(r"\.sdf(\.gz)?$", name)), key=_first_number)
    tables = {name: files[name] for name in files if name == "properties.csv"}
    splits = {name: files[name] for name in files if name.endswith("_split_inds.json")}
    unknown = sorted(set(files) - set(parts) - set(tables) - set(splits))
    if unknown or not parts:
        raise GroundstateError(
            "molecule3d: expected SDF parts, properties.csv and *_split_inds.json; "
            f"got {', '.join(sorted(files))}"
        )
    codes = _official_splits(splits)
    blocks = (block for name in parts for block in read_sdf_blocks(files[name], whole=True))
    rows = _property_rows(tables["properties.csv"]) if tables else None
    for number, (block, row) in enumerate(
        zip_longest(blocks, rows) if rows else ((b, NO_ROW) for b in blocks)
    ):
        if block is None or row is None:
            raise GroundstateError(
                f"molecule3d: properties.csv and the SDF parts differ in length at {number}"
            )
        identifier = f"m3d_{number:07d}"
        published = {
            name: str(PART_NAMES[table[number]])
            for name, table in codes.items()
            if number < len(table) and table[number]
        }
        yield Entry(identifier, partial(_official, block, row), published, f"record {number + 1}")


def _first_number(name: str) -> int:
    numbers = re.findall(r"\d+", name)
    return int(numbers[0]) if numbers else 0


def _official_splits(files: dict[str, Path]) -> dict[str, np.ndarray]:
    """Per split an array over the molecules: 0 not in it, 1 train, 2 validation, 3 test."""
    tables: dict[str, np.ndarray] = {}
    for name in sorted(
        files, key=lambda name: "_test_" in name
    ):  # the test part is cut again: it comes first
        try:
            lists = json.loads(files[name].read_text())
            lists = {part: np.asarray(lists[part], np.int64) for part in CODES}
        except (ValueError, KeyError, TypeError) as error:
            raise GroundstateError(
                f"{files[name]}: expected JSON with the lists train, valid, test ({error!r}); fetch it again"
            ) from None
        if "_test_" in name:
            whole = tables.get(f"official_{name.split('_')[0]}")
            if whole is None:
                raise GroundstateError(f"{files[name]}: needs {name.replace('_test_', '_')} beside it")
            test = np.flatnonzero(whole == CODES["test"])
            lists = {part: test[positions] for part, positions in lists.items()}
        table = np.zeros(1 + max(int(numbers.max(initial=-1)) for numbers in lists.values()), np.uint8)
        for part, numbers in lists.items():
            table[numbers] = CODES[part]
        suffix = "_property" if "_test_" in name else ""
        tables[f"official_{name.split('_')[0]}{suffix}"] = table
    return tables


def _property_rows(path: Path) -> Iterator[Row]:
    with open_text(path, newline="") as stream:
        yield from read_rows(stream, str(path), list(PROPERTIES), whole=True)


def _official(block: SdfBlock, row: Row) -> MoleculeRead:
    columns = {} if row is NO_ROW else PROPERTIES
    try:
        properties = {key: float(cell(row, column)) for column, key in columns.items()}
    except ValueError as error:
        raise RecordError(f"a property is not a number: {error}") from None
    return MoleculeRead(parse_block(block), properties)


def read_molecule3d_parquet(path: str | Path) -> Iterator[Entry]:
    """Stream a Parquet part of Molecule3D (columns ``index``, ``sdf``, ``cid`` and seven properties).

    Ids are ``m3d_`` and the index of the whole set in seven digits.
    """
    try:
        file = pq.ParquetFile(path)
    except (pa.ArrowException, OSError) as error:
        raise GroundstateError(f"{path}: not a readable Parquet file ({error}); fetch it again") from None
    columns = ["index", "sdf", *PROPERTIES]
    missing = [column for column in columns if column not in file.schema_arrow.names]
    if missing:
        raise GroundstateError(
            f"{path}: has no column {', '.join(missing)}; "
            f"its columns are {', '.join(file.schema_arrow.names)}"
        )
    rows = (row for batch in file.iter_batches(BATCH, columns=columns) for row in batch.to_pylist())
    for number, row in enumerate(rows, 1):
        index = row["index"]
        identifier = f"m3d_{index:07d}" if isinstance(index, int) else f"{Path(path).stem}-{number}"
        yield Entry(identifier, partial(_read, row), place=f"row {number}")


def _read(row: dict) -> MoleculeRead:
    if not row["sdf"]:
        raise RecordError("the row has no mol block")
    properties = {key: row[column] for column, key in PROPERTIES.items() if row[column] is not None}
    return MoleculeRead(parse_molblock(with_header(row["sdf"])), properties)


def with_header(molblock: str) -> str:
    """Put back header lines that a mol block lost: its counts line must be the fourth."""
    lines = molblock.split("\n")
    counts = next((i for i, line in enumerate(lines) if "V2000" in line or "V3000" in line), None)
    if counts is None:
        raise RecordError("the mol block has no counts line")
    return "\n" * max(3 - counts, 0) + molblock
