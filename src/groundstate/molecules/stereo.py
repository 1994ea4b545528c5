"""Whether a geometry has the stereo that its molecule asks for."""

from typing import NamedTuple

import numpy as np
from rdkit import Chem
from rdkit.Chem.EnumerateStereoisomers import EnumerateStereoisomers, StereoEnumerationOptions

from groundstate.molecules.mols import parse_smiles, set_positions

DOUBLE_BOND_STEREO = (Chem.BondStereo.STEREOE, Chem.BondStereo.STEREOZ)
MAX_ISOMERS = 64  # enough to find two different ones


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


def match_stereo(mol: Chem.Mol, positions: np.ndarray) -> StereoMatch:
    """Compare the stereo marks of ``mol`` with those read from ``positions`` (n, 3) of the same atoms."""
    embedded = set_positions(mol, positions)
    Chem.AssignStereochemistryFrom3D(embedded, replaceExistingTags=True)
    unmarked = Chem.ChiralType.CHI_UNSPECIFIED
    centres = [(a.GetIdx(), a.GetChiralTag()) for a in list(mol.GetAtoms()) if a.GetChiralTag() != unmarked]
    bonds = [(b.GetIdx(), b.GetStereo()) for b in list(mol.GetBonds()) if b.GetStereo() in DOUBLE_BOND_STEREO]
    return StereoMatch(
        len(centres),
        sum(embedded.GetAtomWithIdx(index).GetChiralTag() == tag for index, tag in centres),
        len(bonds),
        sum(embedded.GetBondWithIdx(index).GetStereo() == stereo for index, stereo in bonds),
    )


def undefined_stereo(smiles: str) -> list[str]:
    """Names of the centres and double bonds that are stereo but not marked; empty where there are none.

    Amine nitrogens (they invert) and imines ``=NH`` (usual SMILES have no place for their hydrogen) do not
    count, nor do atoms that only look like centres: marking them must give more than one molecule.
    """
    mol = parse_smiles(smiles)
    unmarked = [
        element
        for element in Chem.FindPotentialStereo(mol)
        if element.specified == Chem.StereoSpecified.Unspecified and not _flexible(mol, element)
    ]
    if not unmarked:
        return []
    isomers = EnumerateStereoisomers(
        mol, StereoEnumerationOptions(unique=True, maxIsomers=MAX_ISOMERS, rand=0)
    )
    if len({_rigid_smiles(isomer) for isomer in isomers}) < 2:
        return []
    return [_name(mol, element) for element in unmarked]


def _flexible(mol: Chem.Mol, element: Chem.StereoInfo) -> bool:
    if element.type == Chem.StereoType.Atom_Tetrahedral:
        atom = mol.GetAtomWithIdx(element.centeredOn)
        return atom.GetAtomicNum() == 7 and atom.GetFormalCharge() == 0
    if element.type == Chem.StereoType.Bond_Double:
        bond = mol.GetBondWithIdx(element.centeredOn)
        ends = (bond.GetBeginAtom(), bond.GetEndAtom())
        return any(atom.GetAtomicNum() == 7 and atom.GetTotalNumHs() for atom in ends)
    return True  # atropisomers and the like: SMILES does not mark them


def _rigid_smiles(isomer: Chem.Mol) -> str:
    for element in Chem.FindPotentialStereo(isomer):
        if not _flexible(isomer, element):
            continue
        if element.type == Chem.StereoType.Atom_Tetrahedral:
            isomer.GetAtomWithIdx(element.centeredOn).SetChiralTag(Chem.ChiralType.CHI_UNSPECIFIED)
        elif element.type == Chem.StereoType.Bond_Double:
            isomer.GetBondWithIdx(element.centeredOn).SetStereo(Chem.BondStereo.STEREONONE)
    return Chem.CanonSmiles(Chem.MolToSmiles(isomer))


def _name(mol: Chem.Mol, element: Chem.StereoInfo) -> str:
    if element.type == Chem.StereoType.Atom_Tetrahedral:
        return f"atom {element.centeredOn + 1}"
    bond = mol.GetBondWithIdx(element.centeredOn)
    return f"bond {bond.GetBeginAtomIdx() + 1}-{bond.GetEndAtomIdx() + 1}"
