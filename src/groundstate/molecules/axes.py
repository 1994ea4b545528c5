"""Axes that carry stereo: cumulenes and hindered biaryls, which SMILES have no mark for."""

from rdkit import Chem

# Substituents beside the bond between two rings of six that keep them from turning past each other at room
# temperature; three give barriers above 100 kJ/mol (Bringmann et al., Angew. Chem. Int. Ed. 2005, 44, 5384).
FEWEST_ORTHO = 3
ATROPISOMERS = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)


def stereo_axes(mol: Chem.Mol) -> list[str]:
    """Name the axes of ``mol`` whose two forms are different molecules, with atom numbers from 1.

    These are chains of cumulated double bonds with two different substituents at either end (allenes have a
    hand, butatrienes are E or Z), and single bonds between two aromatic rings of six that at least three
    ``ortho`` substituents hold, where the two sides of either ring differ. Axes that the input itself marks
    (CXSMILES, mol blocks) count whatever they are.
    """
    marked = [bond for bond in mol.GetBonds() if bond.GetStereo() in ATROPISOMERS]
    if marked:
        return [_name([bond.GetBeginAtom(), bond.GetEndAtom()]) for bond in marked]
    if not any(_may_be_axis(bond) for bond in mol.GetBonds()):
        return []
    ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
    return [*_cumulenes(mol, ranks), *_biaryls(mol, ranks)]


def _may_be_axis(bond: Chem.Bond) -> bool:
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    if bond.GetBondType() == Chem.BondType.DOUBLE:
        return any(len(_double_bonds(atom)) == 2 for atom in ends)
    return not bond.GetIsAromatic() and not bond.IsInRing() and all(atom.GetIsAromatic() for atom in ends)


def _double_bonds(atom: Chem.Atom) -> list[Chem.Bond]:
    """Give the double bonds of a carbon; cumulenes have no other atoms within."""
    if atom.GetAtomicNum() != 6:
        return []
    return [bond for bond in atom.GetBonds() if bond.GetBondType() == Chem.BondType.DOUBLE]


def _cumulenes(mol: Chem.Mol, ranks: list[int]) -> list[str]:
    names = []
    for atom in mol.GetAtoms():
        chain = _chain(atom)
        first, last = chain[0], chain[-1]
        whole = len(chain) > 2 and first.GetIdx() < last.GetIdx() and len(_double_bonds(last)) == 1
        if whole and _sides_differ(first, chain[1], ranks) and _sides_differ(last, chain[-2], ranks):
            names.append(_name(chain))
    return names


def _chain(start: Chem.Atom) -> list[Chem.Atom]:
    """Follow cumulated double bonds from an end of their chain; ``start`` alone where it is none."""
    chain = [start]
    bonds = _double_bonds(start)
    while len(bonds) == 1:
        chain.append(bonds[0].GetOtherAtom(chain[-1]))
        bonds = [bond for bond in _double_bonds(chain[-1]) if bond.GetIdx() != bonds[0].GetIdx()]
    return chain


def _sides_differ(end: Chem.Atom, inner: Chem.Atom, ranks: list[int]) -> bool:
    """Whether the two substituents at the end of a cumulene are different (one may be no explicit atom)."""
    sides = [ranks[other.GetIdx()] for other in end.GetNeighbors() if other.GetIdx() != inner.GetIdx()]
    return len(set(sides)) == 2 or (len(sides) == 1 and end.GetTotalNumHs() == 1)


def _biaryls(mol: Chem.Mol, ranks: list[int]) -> list[str]:
    rings = mol.GetRingInfo()
    names = []
    for bond in mol.GetBonds():
        ends = [bond.GetBeginAtom(), bond.GetEndAtom()]
        sizes = [rings.MinAtomRingSize(atom.GetIdx()) for atom in ends]
        if not _may_be_axis(bond) or bond.GetBondType() != Chem.BondType.SINGLE or sizes != [6, 6]:
            continue
        sides = [[edge.GetOtherAtom(end) for edge in end.GetBonds() if edge.GetIsAromatic()] for end in ends]
        held = sum(_is_bulky(atom) for side in sides for atom in side)
        if held >= FEWEST_ORTHO and all(len({ranks[atom.GetIdx()] for atom in side}) == 2 for side in sides):
            names.append(_name(ends))
    return names


def _is_bulky(ortho: Chem.Atom) -> bool:
    """Whether an atom beside the axis bears more than hydrogen or fluorine."""
    outside = [other for other in ortho.GetNeighbors() if other.GetAtomicNum() not in (1, 9)]
    return len(outside) > 2


def _name(chain: list[Chem.Atom]) -> str:
    return "-".join(f"{atom.GetSymbol()}{atom.GetIdx() + 1}" for atom in chain)
