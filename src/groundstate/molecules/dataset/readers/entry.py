"""What every reader yields: an id, and the work of building the molecule put off until it is needed."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from rdkit import Chem

from groundstate.molecules.mols import RecordError
from groundstate.names import line_fault


class MoleculeRead(NamedTuple):
    """A molecule as its source describes it.

    Attributes
    ----------
    mol
        Sanitised; with a 3D conformer where the source has a geometry, hydrogens explicit or not.
    properties
        Numbers that the source gives for it.
    smiles
        SMILES as the source writes them, where it has no geometry.
    """

    mol: Chem.Mol
    properties: Mapping[str, float] = MappingProxyType({})
    smiles: str | None = None


class Entry(NamedTuple):
    """One input molecule.

    Scanning ids stays cheap, so that a sample of a big file can be drawn by id before anything is parsed.

    Attributes
    ----------
    id
        Id of the molecule.
    build
        Reads the molecule, or raises ``RecordError``.
    parts
        The splits that the source itself publishes: split name -> train, validation or test.
    place
        Where the molecule stands in its file: ``line 3``, ``record 2``; for sentences.
    """

    id: str
    build: Callable[[], MoleculeRead]
    parts: Mapping[str, str] = MappingProxyType({})
    place: str = ""

    def read(self, max_atoms: int) -> MoleculeRead:
        """Read the molecule; ``RecordError`` where it, its id or its size is not acceptable.

        Parameters
        ----------
        max_atoms
            Most atoms, hydrogens included.
        """
        if fault := line_fault(self.id):
            raise RecordError(fault)
        read = self.build()
        atoms = sum(1 + atom.GetTotalNumHs() for atom in read.mol.GetAtoms())
        if atoms > max_atoms:
            raise RecordError(f"{atoms} atoms, more than max_atoms = {max_atoms}")
        return read

    def repeated(self) -> RecordError:
        """Make the reason for a molecule whose id an earlier one has."""
        where = f" ({self.place})" if self.place else ""
        return RecordError(f"the id occurs twice{where}; the first one is kept")
