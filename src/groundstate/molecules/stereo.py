"""Whether a geometry has the stereo that its molecule asks for."""

from typing import NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.molecules.mols import set_positions

DOUBLE_BOND_STEREO = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOZ)


class StereoMatch(NamedTuple):
    """How many of the molecule's marked centres and double bonds a geometry reproduces."""

    tetrahedral: int
    tetrahedral_right: int
    double_bonds: int
    double_bonds_right: int

    @property
    def complete(self) -> bool:
        """Whether every marked element of stereo is reproduced."""
        return self.tetrahedral == self.tetrahedral_right and self.double_bonds == self.double_bonds_right


def is_amine(atom: Chem.Atom) -> bool:
    """Whether ``atom`` is a nitrogen that inverts, or that its rings hold: its mark tells no molecules apart.

    RDKit reads no such mark from a geometry, either.
    """
    return atom.GetAtomicNum() == 7 and atom.GetFormalCharge() == 0


def match_stereo(mol: Chem.Mol, positions: np.ndarray) -> StereoMatch:
    """Compare the stereo marks of ``mol`` with those read from ``positions`` (n, 3) of the same atoms."""
    unmarked = Chem.ChiralType.CHI_UNSPECIFIED
    centres = [
        (atom.GetIdx(), atom.GetChiralTag())
        for atom in list(mol.GetAtoms())
        if atom.GetChiralTag() != unmarked and not is_amine(atom)
    ]
    bonds = [(b.GetIdx(), b.GetStereo()) for b in list(mol.GetBonds()) if b.GetStereo() in DOUBLE_BOND_STEREO]
    if not centres and not bonds:
        return StereoMatch(0, 0, 0, 0)
    embedded = set_positions(mol, positions)
    Chem.AssignStereochemistryFrom3D(embedded, replaceExistingTags=True)
    return StereoMatch(
        len(centres),
        sum(embedded.GetAtomWithIdx(index).GetChiralTag() == tag for index, tag in centres),
        len(bonds),
        sum(embedded.GetBondWithIdx(index).GetStereo() == stereo for index, stereo in bonds),
    )
