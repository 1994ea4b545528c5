"""SMILES files: ``.smi`` lines or a CSV with a ``smiles`` column; molecules without a geometry."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NamedTuple, TextIO

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.readers.table import read_rows
from groundstate.molecules.mols import RecordError, parse_smiles
from groundstate.text import open_text

SMILES_COLUMNS = ("smiles", "canonical_smiles", "isomeric_smiles")
ID_COLUMNS = ("id", "name")
EXTENSION = re.compile(r"(\|[^|]*\|)(?:\s+|$)")


class _Line(NamedTuple):
    smiles: str
    title: str
    number: int
    fault: str | None = None


def read_smiles(path: str | Path) -> Iterator[Entry]:
    """Stream ``SMILES name`` lines (the name may hold spaces) or CSV rows (``smiles``, optional ``id``).

    SMILES may carry a CXSMILES extension. A CSV is separated by commas, semicolons or tabs. Molecules without
    a name get the file's name and their number; lines that begin with ``#`` are comments.

    Raises ``GroundstateError`` for a file that is absent, no text, damaged, or holds no SMILES.
    """
    path = Path(path)
    name, stem = path.name.removesuffix(".gz"), path.name.split(".")[0]
    number = 0
    with open_text(path, newline="") as stream:
        rows = _csv_rows(stream, path) if name.lower().endswith((".csv", ".tsv")) else _lines(stream)
        for number, line in enumerate(rows, 1):
            yield Entry(line.title or f"{stem}-{number}", partial(_read, line), place=f"line {line.number}")
    if not number:
        raise GroundstateError(f"{path}: holds no SMILES; is it empty?")


def _lines(stream: TextIO) -> Iterator[_Line]:
    for number, line in enumerate(stream, 1):
        smiles, *rest = line.split(maxsplit=1) or [""]
        if not smiles or smiles.startswith("#") or (number == 1 and smiles.lower() in SMILES_COLUMNS):
            continue
        title = rest[0].strip() if rest else ""
        if extension := EXTENSION.match(title):
            smiles, title = f"{smiles} {extension[1]}", title[extension.end() :].strip()
        yield _Line(smiles, title, number)


def _csv_rows(stream: TextIO, path: Path) -> Iterator[_Line]:
    for row in read_rows(stream, str(path), [SMILES_COLUMNS], ID_COLUMNS):
        titles = [row.cells[column].strip() for column in ID_COLUMNS if row.cells.get(column, "").strip()]
        smiles = next((row.cells[column].strip() for column in SMILES_COLUMNS if column in row.cells), "")
        yield _Line(smiles, titles[0] if titles else "", row.line, row.fault)


def _read(line: _Line) -> MoleculeRead:
    if line.fault or not line.smiles:
        raise RecordError(line.fault or f"line {line.number} has no SMILES")
    return MoleculeRead(parse_smiles(line.smiles), smiles=line.smiles.split(maxsplit=1)[0])
