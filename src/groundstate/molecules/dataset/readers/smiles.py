"""SMILES files: ``.smi`` lines or a CSV with a ``smiles`` column; records without a geometry."""

import csv
import gzip
import io
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry
from groundstate.molecules.dataset.readers.table import cell, read_rows
from groundstate.molecules.mols import parse_smiles, record_from_mol


def read_smiles(path: str | Path) -> Iterator[Entry]:
    """Stream ``SMILES name`` lines (the name may hold spaces) or CSV rows (``smiles``, optional ``id``).

    Molecules without a name get the file's name and their number.
    """
    path = Path(path)
    name, stem = path.name.removesuffix(".gz"), path.name.split(".")[0]
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            rows = _csv_rows(stream, path) if name.endswith(".csv") else _lines(stream)
            number = 0
            for number, (row, title) in enumerate(rows, 1):
                identifier = title or f"{stem}-{number}"
                yield Entry(identifier, partial(_record, identifier, row))
    except (EOFError, gzip.BadGzipFile) as error:
        raise GroundstateError(f"{path}: the gzip file is broken or cut ({error}); fetch it again") from None
    if not number:
        raise GroundstateError(f"{path}: holds no SMILES; is it empty?")


def _lines(stream) -> Iterator[tuple[dict[str, str], str]]:
    for index, line in enumerate(io.TextIOWrapper(stream, encoding="utf-8-sig")):
        smiles, _, title = line.strip().replace("\t", " ").partition(" ")
        if smiles and not smiles.startswith("#") and not (index == 0 and smiles.lower() == "smiles"):
            yield {"smiles": smiles}, title.strip()


def _csv_rows(stream, path: Path) -> Iterator[tuple[dict[str, str], str]]:
    content = io.BufferedReader(stream)
    header = content.peek(65536).split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    titles = [title.strip().lower() for title in next(csv.reader([header]), [])]
    columns = ["smiles", *[title for title in ("id", "name") if title in titles][:1]]
    for row in read_rows(content, str(path), columns):
        yield row, (row.get(columns[1], "").strip() if len(columns) > 1 else "")


def _record(identifier: str, row: dict[str, str]) -> dict:
    smiles = cell(row, "smiles").strip()
    return record_from_mol(identifier, parse_smiles(smiles), smiles=smiles)
