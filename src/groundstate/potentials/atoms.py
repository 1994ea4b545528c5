"""ASE and pymatgen forms of a crystal."""

from ase import Atoms
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor


def to_atoms(structure: Structure) -> Atoms:
    """Give the ASE form of a structure, bare of everything but species, cell and positions."""
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def to_structure(atoms: Atoms) -> Structure:
    """Give the pymatgen form of relaxed atoms."""
    return Structure(atoms.cell.array, atoms.numbers, atoms.positions, coords_are_cartesian=True)
