"""ASE and pymatgen forms of a crystal."""

import numpy as np
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor


def to_atoms(structure: Structure) -> Atoms:
    """Give the ASE form of a structure, bare of everything but species, cell and positions."""
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    cell = atoms.cell.array
    # minus all three vectors is the same lattice: the stress of a left-handed cell has the wrong sign
    if np.linalg.det(cell) < 0:
        cell = -cell
    return Atoms(atoms.numbers, positions=atoms.positions, cell=cell, pbc=True)


def to_structure(atoms: Atoms) -> Structure:
    """Give the pymatgen form of relaxed atoms."""
    return Structure(atoms.cell.array, atoms.numbers, atoms.positions, coords_are_cartesian=True)
