"""SMILES files: ``.smi`` lines or a CSV with a ``smiles`` column; molecules without a geometry."""

import re
import sys
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple, TextIO

from groundstate.errors import GroundstateError
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.readers.table import read_rows
from groundstate.molecules.mols import RecordError, parse_smiles
from groundstate.text import open_text

SMILES_COLUMNS = ("smiles", "canonical_smiles", "isomeric_smiles")
# of the exports of ChEMBL, PubChem, ZINC, DrugBank, of MoleculeNet and TDC: the first that a row fills
ID_COLUMNS = (
    *("id", "name", "compound_id", "molecule_id", "mol_id", "cmpd_id", "drug_id", "identifier", "title"),
    *("molecule_chembl_id", "chembl_id", "cmpd_chembl_id", "zinc_id", "drugbank_id"),
    *("cid", "compound_cid", "pubchem_cid", "compound_name", "molecule_name", "mol_name", "drug_name"),
)
COUNTS = re.compile(r"\s*\d+\s+\d+.*V[23]000\s*$")
EXTENSION = re.compile(r"\s+(\|[^|]*\|)(?=\s|$)")
GAP = re.compile(r"^[^\S\t]*\t?")


class _Line(NamedTuple):
    smiles: str
    title: str
    number: int
    fault: str | None = None


def read_smiles(path: str | Path) -> Iterator[Entry]:
    """Stream ``SMILES name`` lines or CSV rows (``smiles``, and an id in one of ``ID_COLUMNS``).

    The name on a line may hold spaces and ends at a tab; lines that begin with ``#`` are comments. SMILES may
    carry a CXSMILES extension. A CSV is separated by commas, semicolons, tabs or bars. Molecules without a
    name get the file's name and their number, said on standard error where no row of a CSV has one.

    Raises ``GroundstateError`` for a file that is absent, no text, damaged, an SDF, or holds no SMILES.
    """
    path = Path(path)
    name, stem = path.name.removesuffix(".gz"), path.name.split(".")[0]
    table = name.lower().endswith((".csv", ".tsv"))
    number, named = 0, False
    with open_text(path, newline="") as stream:
        for number, line in enumerate(_csv_rows(stream, path) if table else _lines(stream, path), 1):
            named = named or bool(line.title)
            yield Entry(line.title or f"{stem}-{number}", partial(_read, line), place=f"line {line.number}")
    if not number:
        raise GroundstateError(f"{path}: holds no SMILES; is it empty?")
    if table and not named:
        _say_unnamed(str(path), stem)


@cache  # some stages read a file twice
def _say_unnamed(path: str, stem: str) -> None:
    sys.stderr.write(
        f"note: {path}: no column of ids ({', '.join(ID_COLUMNS[:3])}, ...); "
        f"its molecules are called {stem}-1, {stem}-2, ...\n"
    )


def _lines(stream: TextIO, path: Path) -> Iterator[_Line]:
    for number, line in enumerate(stream, 1):
        if number <= 4 and COUNTS.match(line):
            raise GroundstateError(f"{path}: is an SDF by its line {number}; give its name the end .sdf")
        smiles = (line.split(maxsplit=1) or [""])[0]
        if not smiles or smiles.startswith("#") or (number == 1 and smiles.lower() in SMILES_COLUMNS):
            continue
        rest = line.lstrip()[len(smiles) :]
        if extension := EXTENSION.match(rest):
            smiles, rest = f"{smiles} {extension[1]}", rest[extension.end() :]
        title = GAP.sub("", rest, count=1).split("\t")[0].strip()
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
