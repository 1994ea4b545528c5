"""Axes that carry stereo, which SMILES have no mark for: cumulenes, symmetric rings, spiranes, biaryls."""

from collections.abc import Iterator

from rdkit import Chem

from groundstate.molecules.stereo import is_amine

# Substituents beside the bond between two rings of six that keep them from turning past each other at room
# temperature; three give barriers above 100 kJ/mol (Bringmann et al., Angew. Chem. Int. Ed. 2005, 44, 5384).
FEWEST_ORTHO = 3
UNMARKED = Chem.ChiralType.CHI_UNSPECIFIED
ATROPISOMERS = (Chem.BondStereo.STEREOATROPCW, Chem.BondStereo.STEREOATROPCCW)


def stereo_axes(mol: Chem.Mol) -> list[str]:
    """Name the axes of ``mol`` whose two forms are different molecules, with atom numbers from 1.

    These are chains of cumulated double bonds with two different substituents at either end (allenes have a
    hand, butatrienes are E or Z), and the same with rings of two equal halves in the place of double bonds
    (alkylidenecycloalkanes, oximes of them, spiranes); spiro atoms of two rings that are alike, each with two
    different sides; and single bonds between two aromatic rings of six that at least three ``ortho``
    substituents hold, where the two sides of either ring differ. Axes that the input itself marks (CXSMILES,
    mol blocks) count whatever they are.
    """
    marked = [bond for bond in mol.GetBonds() if bond.GetStereo() in ATROPISOMERS]
    if marked:
        return [_name([bond.GetBeginAtom(), bond.GetEndAtom()]) for bond in marked]
    rings = _Rings(mol)
    if not any(_may_be_axis(bond) for bond in mol.GetBonds()) and not any(map(rings.is_spiro, rings.shared)):
        return []
    ranks = list(Chem.CanonicalRankAtoms(mol, breakTies=False))
    return [
        *_cumulenes(mol, ranks),
        *_ring_axes(mol, rings, ranks),
        *_spiranes(mol, rings, ranks),
        *_biaryls(mol, ranks),
    ]


def _may_be_axis(bond: Chem.Bond) -> bool:
    ends = bond.GetBeginAtom(), bond.GetEndAtom()
    if bond.GetBondType() == Chem.BondType.DOUBLE:
        return any(len(_double_bonds(atom)) == 2 for atom in ends) or not bond.IsInRing()
    return not bond.GetIsAromatic() and not bond.IsInRing() and all(atom.GetIsAromatic() for atom in ends)


def _double_bonds(atom: Chem.Atom) -> list[Chem.Bond]:
    """Give the double bonds of a carbon or nitrogen; cumulenes have no other atoms within."""
    if atom.GetAtomicNum() not in (6, 7):
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


class _Rings:
    """The rings of a molecule, and what of their symmetry makes axes of them."""

    def __init__(self, mol: Chem.Mol) -> None:
        self.rings = [list(ring) for ring in mol.GetRingInfo().AtomRings()]
        info = mol.GetRingInfo()
        self.shared = [i for i in range(mol.GetNumAtoms()) if info.NumAtomRings(i) > 1]

    def of(self, atom: int) -> list[list[int]]:
        return [ring for ring in self.rings if atom in ring]

    def is_spiro(self, atom: int) -> bool:
        rings = self.of(atom)
        return len(rings) == 2 and set(rings[0]) & set(rings[1]) == {atom}


def _ring_axes(mol: Chem.Mol, rings: _Rings, ranks: list[int]) -> list[str]:
    """Name the chains of rings and double bonds; a ring alone is none, for its two ends can be marked."""
    found: dict[frozenset[int], list[Chem.Atom]] = {}
    for atom in mol.GetAtoms():
        chain = _chain(atom)
        starts = [([atom], ring) for ring in rings.of(atom.GetIdx()) if _sides_outside(atom, ring, ranks)]
        if len(chain) > 1 and _is_end(chain, ranks):
            starts += [(chain, ring) for ring in _beyond(chain, rings)]
        for path, ring in starts:
            for whole in _across(path, ring, rings, ranks):
                found.setdefault(frozenset(one.GetIdx() for one in whole), whole)
    return [_name(path) for path in found.values()]


def _across(
    path: list[Chem.Atom], ring: list[int], rings: _Rings, ranks: list[int]
) -> Iterator[list[Chem.Atom]]:
    """Follow an axis through ``ring``, from the last atom of ``path``, to its ends."""
    size, first = len(ring), ring.index(path[-1].GetIdx())
    pairs = [(ring[(first + step) % size], ring[first - step]) for step in range(1, (size + 1) // 2)]
    if size % 2 or any(ranks[one] != ranks[other] for one, other in pairs):
        return
    opposite = path[0].GetOwningMol().GetAtomWithIdx(ring[(first + size // 2) % size])
    if opposite.GetIdx() in [one.GetIdx() for one in path]:  # a circle of rings
        return
    path = [*path, opposite]
    chain = _chain(opposite)
    if _sides_outside(opposite, ring, ranks):
        if len(path) > 2:
            yield path
    elif len(chain) > 1 and chain[1].GetIdx() not in ring:
        if _is_end(chain[::-1], ranks):
            yield [*path, *chain[1:]]
        for following in _beyond(chain, rings):
            yield from _across([*path, *chain[1:]], following, rings, ranks)
    elif rings.is_spiro(opposite.GetIdx()):
        for following in rings.of(opposite.GetIdx()):
            if following is not ring:
                yield from _across(path, following, rings, ranks)


def _beyond(chain: list[Chem.Atom], rings: _Rings) -> list[list[int]]:
    """Give the rings that a chain of double bonds ends at."""
    return [ring for ring in rings.of(chain[-1].GetIdx()) if chain[-2].GetIdx() not in ring]


def _sides_outside(atom: Chem.Atom, ring: list[int], ranks: list[int]) -> bool:
    """Whether a tetrahedral atom has two different substituents outside of ``ring``."""
    outside = [ranks[one.GetIdx()] for one in atom.GetNeighbors() if one.GetIdx() not in ring]
    outside += [-1] * atom.GetTotalNumHs()
    return atom.GetTotalDegree() == 4 and not is_amine(atom) and len(outside) == len(set(outside)) == 2


def _is_end(chain: list[Chem.Atom], ranks: list[int]) -> bool:
    """Whether a chain of double bonds begins with two different substituents, or with one and a lone pair."""
    end = chain[0]
    if end.GetAtomicNum() == 7 and end.GetFormalCharge() == 0:  # inverts with hydrogen, or cumulated
        return len(chain) == 2 and end.GetDegree() == 2 and not end.GetTotalNumHs(includeNeighbors=True)
    return _sides_differ(end, chain[1], ranks)


def _spiranes(mol: Chem.Mol, rings: _Rings, ranks: list[int]) -> list[str]:
    """Name the spiro atoms of two rings that are alike, each with two different sides: these have a hand."""
    names = []
    for index in filter(rings.is_spiro, rings.shared):
        atom = mol.GetAtomWithIdx(index)
        first, second = (
            {ranks[one.GetIdx()]: one for one in atom.GetNeighbors() if one.GetIdx() in ring}
            for ring in rings.of(index)
        )
        if len(first) == 2 and first.keys() == second.keys() and atom.GetChiralTag() == UNMARKED:
            pairs = [sorted([first[side].GetIdx(), second[side].GetIdx()]) for side in first]
            one, other = min(pairs)
            names.append(_name([mol.GetAtomWithIdx(one), atom, mol.GetAtomWithIdx(other)]))
    return names


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
