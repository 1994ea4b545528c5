"""Whether a geometry could be the molecule at all: its bonds have lengths that bonds have."""

from functools import cached_property

import numpy as np
from rdkit import Chem

from groundstate.molecules.conformers.bond_types import BondTypes, lengths_between

SHORTEST, LONGEST = 0.6, 1.4  # times the sum of the covalent radii; all bonds of QM9 are within 0.8 to 1.3

PERIODIC_TABLE = Chem.GetPeriodicTable()


class Soundness:
    """What any geometry of one molecule must have: made once, asked for every geometry of it."""

    def __init__(self, mol: Chem.Mol) -> None:
        self.mol = mol
        self.types = BondTypes(mol)

    def fault(self, positions: np.ndarray) -> str | None:
        """Say in words what keeps ``positions`` (n, 3), angstrom, from being the molecule; None: nothing.

        A bond is none, or its type has another length, line or plane (``bond_types``).
        """
        return self.broken_bond(positions) or self.types.fault(positions)

    def broken_bond(self, positions: np.ndarray) -> str | None:
        """Name the first bond that is none in ``positions`` (n, 3), angstrom; None if all are."""
        lengths = lengths_between(positions, self._ends)
        whole = (lengths >= SHORTEST * self._radii) & (lengths <= LONGEST * self._radii)  # nan is not
        if whole.all():
            return None
        bond = int(np.argmin(whole))
        names = "-".join(
            f"{self.mol.GetAtomWithIdx(i).GetSymbol()}{i + 1}" for i in self._ends[bond].tolist()
        )
        return f"bond {names} is {lengths[bond]:.2f} angstrom long"

    @cached_property
    def _ends(self) -> np.ndarray:
        """Atoms of every bond, (bonds, 2)."""
        bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in list(self.mol.GetBonds())]
        return np.array(bonds, int).reshape(-1, 2)

    @cached_property
    def _radii(self) -> np.ndarray:
        """Sum of the covalent radii of every bond, (bonds,), angstrom."""
        radii = [PERIODIC_TABLE.GetRcovalent(atom.GetAtomicNum()) for atom in list(self.mol.GetAtoms())]
        return np.array(radii)[self._ends].sum(1)
