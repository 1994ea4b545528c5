"""The kinds that molecules are of: size, number of rotors, elements, functional groups."""

from collections.abc import Mapping
from functools import cache

from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

SIZES = ((1, 6), (7, 7), (8, 8), (9, 9), (10, 14), (15, 19), (20, 29), (30, 10_000))
MOST_ROTORS = 5
# as organic chemists name them; a molecule is of every kind whose pattern it holds
GROUPS: Mapping[str, str] = {
    "alcohol": "[CX4][OX2H]",
    "phenol or enol": "[#6X3;!$([#6]=[O,S,N])][OX2H]",
    "ether": "[OX2;!r3]([#6;!$(C=[O,N,S])])[#6;!$(C=[O,N,S])]",
    "epoxide": "[OX2r3]",
    "aldehyde": "[$([CX3H][#6]),$([CX3H2])]=[OX1]",
    "ketone": "[#6][CX3](=[OX1])[#6]",
    "carboxylic acid": "[CX3](=[OX1])[OX2H]",
    "carboxylate": "[CX3](=[OX1])[O-]",
    "ester": "[$([CX3][#6]),$([CX3H])](=[OX1])[OX2][#6;!$([#6]=[O,N,S])]",
    "amide": "[$([CX3][#6]),$([CX3H])](=[OX1])[#7X3]",
    "carbamate or urea": "[#7X3][CX3](=[OX1])[#7X3,OX2]",
    "amine": "[NX3;!$(N[C,S]=[O,N,S]);!$(N[!#6;!#1]);!$(N[#6]#N)][CX4]",
    "aniline or enamine": "[NX3;!$(N[C,S]=[O,N,S]);!$(N[!#6;!#1])][$([c]),$([CX3]=[CX3])]",
    "ammonium": "[NX4+]",
    "imine, amidine or oxime": "[CX3]=[NX2,NX3+]",
    "nitrile": "[CX2]#[NX1]",
    "nitro": "[$([NX3](=O)=O),$([NX3+](=O)[O-])]",
    "N–N or N–O bond": "[#7;!$([#7+](=O)[O-])]~[#7,$([OX2])]",
    "alkene": "[CX3]=[CX3]",
    "alkyne": "[CX2]#[CX2]",
    "halide": "[#6][F,Cl,Br,I]",
    "thiol or sulfide": "[SX2]",
    "sulfoxide, sulfone or sulfonamide": "[SX3,SX4]=[OX1]",
    "phosphorus group": "[#15]",
    "three-membered ring": "[r3]",
    "four-membered ring": "[r4]",
    "five-membered aromatic ring": "a1aaaa1",
    "six-membered aromatic ring": "a1aaaaa1",
    "fused, bridged or spiro ring": "[R2;!a]",
}
NO_GROUP = "none of these groups"


@cache
def _patterns() -> dict[str, Chem.Mol]:
    return {name: Chem.MolFromSmarts(smarts) for name, smarts in GROUPS.items()}


def size_kinds(mol: Chem.Mol) -> list[str]:
    """Name the class of the number of heavy atoms."""
    heavy = mol.GetNumHeavyAtoms()
    low, high = next(size for size in SIZES if heavy <= size[1])
    return [str(low) if low == high else f"{low} or more" if high > 100 else f"{low} to {high}"]


def rotor_kinds(mol: Chem.Mol) -> list[str]:
    """Name the class of the number of rotatable bonds (RDKit's strict definition)."""
    rotors = rdMolDescriptors.CalcNumRotatableBonds(Chem.RemoveHs(mol))
    return [str(rotors) if rotors < MOST_ROTORS else f"{MOST_ROTORS} or more"]


def element_kinds(mol: Chem.Mol) -> list[str]:
    """Name the elements besides carbon and hydrogen, in the order of the periodic table."""
    numbers = {atom.GetAtomicNum() for atom in list(mol.GetAtoms())} - {1, 6}
    table = Chem.GetPeriodicTable()
    return [table.GetElementSymbol(number) for number in sorted(numbers)] or ["C and H alone"]


def group_kinds(mol: Chem.Mol) -> list[str]:
    """Name the functional groups and kinds of ring that a molecule holds."""
    bare = Chem.RemoveHs(mol)
    found = [name for name, pattern in _patterns().items() if bare.HasSubstructMatch(pattern)]
    return found or [NO_GROUP]
