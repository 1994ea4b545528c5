"""Whether a geometry could be the molecule at all: its bonds have lengths that bonds have."""

import numpy as np
from rdkit import Chem

from groundstate.molecules.conformers.bond_types import BondTypes

SHORTEST, LONGEST = 0.6, 1.4  # times the sum of the covalent radii; all bonds of QM9 are within 0.8 to 1.3

PERIODIC_TABLE = Chem.GetPeriodicTable()


def fault(mol: Chem.Mol, positions: np.ndarray) -> str | None:
    """Say in words what keeps ``positions`` (n, 3), angstrom, from being ``mol``; None where nothing does.

    A bond is none, or its type has another length, line or plane (``bond_types``).
    """
    return broken_bond(mol, positions) or BondTypes(mol).fault(positions)


def broken_bond(mol: Chem.Mol, positions: np.ndarray) -> str | None:
    """Name the first bond of ``mol`` that is none in ``positions`` (n, 3), angstrom; None if all are."""
    positions = np.asarray(positions)
    for bond in mol.GetBonds():
        ends = bond.GetBeginAtom(), bond.GetEndAtom()
        first, second = (atom.GetIdx() for atom in ends)
        length = float(np.linalg.norm(positions[first] - positions[second]))
        radii = sum(PERIODIC_TABLE.GetRcovalent(atom.GetAtomicNum()) for atom in ends)
        if not SHORTEST * radii <= length <= LONGEST * radii:
            names = "-".join(f"{atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in ends)
            return f"bond {names} is {length:.2f} angstrom long"
    return None
