"""The molecules of the G2 test set in ASE (``ase.data.g2``), whose geometries are MP2(full)/6-31G*."""

import itertools

import ase.build
import numpy as np
from rdkit import Chem

# name in the set -> SMILES
G2 = {
    "PH3": "P", "P2": "P#P", "CH3CHO": "CC=O", "H2COH": "[CH2]O", "CS": "[C-]#[S+]", "OCHCHO": "O=CC=O",
    "CH3COCl": "CC(=O)Cl", "CH2SCH2": "C1CS1", "HCN": "C#N", "C2H2": "C#C", "C4H4NH": "c1cc[nH]c1",
    "H2": "[H][H]", "N2": "N#N", "CO": "[C-]#[O+]", "O2": "O=O", "F2": "FF", "Cl2": "ClCl", "ClF": "FCl",
    "HF": "F", "HCl": "Cl", "LiH": "[Li][H]", "LiF": "[Li]F", "NaCl": "[Na]Cl", "Li2": "[Li][Li]",
    "Na2": "[Na][Na]", "BeH": "[BeH]", "CH": "[CH]", "OH": "[OH]", "SH": "[SH]", "NH": "[NH]",
    "NO": "[N]=O", "CN": "[C]#N", "ClO": "[O]Cl", "SO": "O=S", "S2": "S=S", "SiO": "[Si-]#[O+]",
    "CO2": "O=C=O", "N2O": "[N-]=[N+]=O", "O3": "[O-][O+]=O", "SO2": "O=S=O", "NO2": "[O]N=O",
    "ClNO": "O=NCl", "OCS": "O=C=S", "CS2": "S=C=S", "COF2": "O=C(F)F", "H2CO": "C=O", "H2CCO": "C=C=O",
    "NCCN": "N#CC#N", "HOCl": "OCl", "H2O": "O", "SH2": "S", "NH3": "N", "CH4": "C", "SiH4": "[SiH4]",
    "CH3NO2": "C[N+](=O)[O-]", "CH3ONO": "CON=O", "CF3CN": "FC(F)(F)C#N", "CH3CN": "CC#N",
    "H2CCHCN": "C=CC#N", "C3H4_D2d": "C=C=C", "C3H4_C3v": "CC#C", "C3H4_C2v": "C1=CC1", "C2H4": "C=C",
    "C2F4": "FC(F)=C(F)F", "C2Cl4": "ClC(Cl)=C(Cl)Cl", "CF4": "FC(F)(F)F", "CCl4": "ClC(Cl)(Cl)Cl",
    "SiF4": "F[Si](F)(F)F", "SiCl4": "Cl[Si](Cl)(Cl)Cl", "BF3": "FB(F)F", "BCl3": "ClB(Cl)Cl",
    "AlF3": "F[Al](F)F", "AlCl3": "Cl[Al](Cl)Cl", "NF3": "FN(F)F", "PF3": "FP(F)F", "F2O": "FOF",
    "H2O2": "OO", "N2H4": "NN", "Si2H6": "[SiH3][SiH3]", "CH3SiH3": "C[SiH3]", "C2H6": "CC", "C3H8": "CCC",
    "CH3OH": "CO", "CH3SH": "CS", "HCOOH": "O=CO", "HCOOCH3": "COC=O", "CH3COOH": "CC(=O)O",
    "CH3CONH2": "CC(N)=O", "CH3COF": "CC(=O)F", "CH3COCH3": "CC(C)=O", "CH2NHCH2": "C1CN1",
    "CH2OCH2": "C1CO1", "methylenecyclopropane": "C=C1CC1", "bicyclobutane": "C12CC1C2",
    "cyclobutane": "C1CCC1", "cyclobutene": "C1=CCC1", "C3H6_D3h": "C1CC1", "C4H4O": "c1ccoc1",
    "C4H4S": "c1ccsc1", "C5H5N": "c1ccncc1", "C6H6": "c1ccccc1", "butadiene": "C=CC=C",
    "2-butyne": "CC#CC", "isobutene": "CC(C)=C", "CH2_s1A1d": "[CH2]", "CH3": "[CH3]", "HCO": "[CH]=O",
    "CH3O": "C[O]", "CH3S": "C[S]", "C2H5": "C[CH2]", "C2H3": "C=[CH]", "CCH": "C#[C]", "CH3CO": "C[C]=O",
    "NH2": "[NH2]", "PH2": "[PH2]", "SiH3": "[SiH3]", "SiH2_s1A1d": "[SiH2]", "H3CNH2": "CN",
    "CH3OCH3": "COC", "CH3SCH3": "CSC", "C2H6SO": "CS(C)=O", "CH3Cl": "CCl", "H2CF2": "FCF",
    "H2CCl2": "ClCCl", "HCF3": "FC(F)F", "HCCl3": "ClC(Cl)Cl", "H2CCHF": "C=CF", "H2CCHCl": "C=CCl",
    "C3H7": "C[CH]C", "C3H9C": "C[C](C)C",
}  # fmt: skip
BONDED = 1.3  # times the sum of the covalent radii


def g2_lengths(name: str, mol: Chem.Mol) -> list[dict[tuple[int, int], float]]:
    """Give the bond lengths, angstrom, by atoms of ``mol`` (hydrogens explicit): one for each way it fits.

    Which atom of ASE's geometry is which follows from the bonds of either.
    """
    atoms = ase.build.molecule(name)
    distances = atoms.get_all_distances()
    radii = [Chem.GetPeriodicTable().GetRcovalent(int(number)) for number in atoms.numbers]
    pairs = [
        (i, j)
        for i, j in itertools.combinations(range(len(atoms)), 2)
        if distances[i, j] < BONDED * (radii[i] + radii[j])
    ]
    bonds = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
    assert len(pairs) == len(bonds), name
    pattern = _plain([atom.GetAtomicNum() for atom in mol.GetAtoms()], bonds)
    matches = _plain(atoms.numbers.tolist(), pairs).GetSubstructMatches(pattern, uniquify=False)
    assert matches, name
    return [{(i, j): float(distances[match[i], match[j]]) for i, j in bonds} for match in matches]


def largest_difference(name: str, mol: Chem.Mol, positions: np.ndarray) -> float:
    """Give the largest difference of a bond of ``positions`` (n, 3) from the reference, angstrom."""
    return min(
        max(
            abs(float(np.linalg.norm(positions[i] - positions[j])) - length) for (i, j), length in one.items()
        )
        for one in g2_lengths(name, mol)
    )


def _plain(numbers: list[int], bonds: list[tuple[int, int]]) -> Chem.Mol:
    mol = Chem.RWMol()
    for number in numbers:
        atom = Chem.Atom(number)
        atom.SetNoImplicit(True)
        mol.AddAtom(atom)
    for i, j in bonds:
        mol.AddBond(i, j, Chem.BondType.SINGLE)
    return mol.GetMol()
