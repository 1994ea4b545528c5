"""Record files of this package, such as the ground states of ``label geometry``, as a source."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

from groundstate.molecules.dataset.fragments import STRIPPED
from groundstate.molecules.dataset.readers.entry import Entry, MoleculeRead
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA


def read_record_file(path: str | Path) -> Iterator[Entry]:
    """Stream the rows of a Parquet file of ``MOLECULE_SCHEMA``."""
    for number, row in enumerate(RecordFile(path, MOLECULE_SCHEMA), 1):
        yield Entry(row["id"], partial(_read, row), place=f"row {number}")


def _read(row: dict) -> MoleculeRead:
    mol = mol_from_record(row)
    if row["stripped"]:
        mol.SetProp(STRIPPED, row["stripped"])
    return MoleculeRead(mol, row["properties"], row["smiles"])
