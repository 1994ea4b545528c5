"""QM9 from the wheel of the index package ``qm9pack``: its CSV parts are read, nothing is imported."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TextIO

import numpy as np
from rdkit import Chem

from groundstate.molecules.bonds import mol_from_smiles_and_positions
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.readers.table import Row, cell, read_rows
from groundstate.molecules.mols import RecordError
from groundstate.sources.archives import open_member
from groundstate.text import decoded, open_text

PARTS = [f"qm9pack/data/qm9_part{part}.csv" for part in (1, 2, 3)]
HARTREE = 27.211386245988  # eV, CODATA 2018
# column of the CSV -> property of the record, factor to its unit
PROPERTIES = {
    "Dipole_debye": ("dipole_debye", 1.0),
    "HOMO_au": ("homo_ev", HARTREE),
    "LUMO_au": ("lumo_ev", HARTREE),
    "HOMO_LUMO_gap_au": ("homo_lumo_gap_ev", HARTREE),
    "InternalEnergy_0K_au": ("internal_energy_0k_ev", HARTREE),
}
COLUMNS = ["Index", "SMILES", "Elements", "XYZ_Ang", *PROPERTIES]
SYMBOL = re.compile(r"[A-Z][a-z]?")
PERIODIC_TABLE = Chem.GetPeriodicTable()


def read_qm9pack(path: str | Path) -> Iterator[Entry]:
    """Stream QM9 from the wheel (or any zip with the same members), or from one of its CSV parts.

    Ids are ``qm9_`` and the original number (1 to 133885) in six digits.
    """
    path = Path(path)
    if path.suffix == ".csv":
        with open_text(path, newline="") as text:
            yield from _read_part(text, str(path))
        return
    for part in PARTS:
        name = f"{path}: {part}"
        with open_member(path, part) as stream, decoded(stream, name, newline="") as text:
            yield from _read_part(text, name)


def _read_part(stream: TextIO, name: str) -> Iterator[Entry]:
    for number, row in enumerate(read_rows(stream, name, COLUMNS, whole=True), 1):
        index = row.cells.get("Index", "")
        identifier = f"qm9_{int(index):06d}" if index.isdigit() else f"{Path(name).stem}-{number}"
        yield Entry(identifier, partial(_read, row), place=f"line {row.line}")


def _read(row: Row) -> MoleculeRead:
    symbols = SYMBOL.findall(cell(row, "Elements"))
    try:
        numbers = [PERIODIC_TABLE.GetAtomicNumber(symbol) for symbol in symbols]
    except RuntimeError:
        raise RecordError(f"unknown element in {cell(row, 'Elements')}") from None
    try:
        coordinates = np.array(
            [float(x) for x in cell(row, "XYZ_Ang").replace("[", "").replace("]", "").split(",")]
        )
        properties = {key: float(cell(row, column)) * unit for column, (key, unit) in PROPERTIES.items()}
    except ValueError as error:
        raise RecordError(f"a cell is not a number: {error}") from None
    if len(coordinates) != 3 * len(numbers):
        raise RecordError(f"{len(numbers)} elements, but {len(coordinates)} coordinates")
    mol = mol_from_smiles_and_positions(cell(row, "SMILES"), numbers, coordinates.reshape(-1, 3))
    return MoleculeRead(mol, properties)
