"""ASE and pymatgen forms of a crystal."""

import numpy as np
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor


def to_atoms(structure: Structure) -> Atoms:
    """Give the ASE form of a structure, bare of everything but species, cell and positions."""
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    return right_handed(Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True))


def right_handed(atoms: Atoms) -> Atoms:
    """Give the same crystal in a right-handed cell, in which every potential has its stress right.

    The three cell vectors of a left-handed cell are turned round: the lattice, the cell's lengths and angles
    and the positions stay. CHGNet 0.4 divides its stress by the signed volume: a left-handed cell collapses.
    """
    if atoms.pbc.all() and np.linalg.det(atoms.cell.array) < 0:
        atoms = atoms.copy()
        atoms.set_cell(-atoms.cell.array)
    return atoms


def to_structure(atoms: Atoms) -> Structure:
    """Give the pymatgen form of relaxed atoms."""
    return Structure(atoms.cell.array, atoms.numbers, atoms.positions, coords_are_cartesian=True)
