"""How a data set numbers hydrogens that chemistry does not tell apart: counted on the training part, kept.

The two hydrogens of a CH2 are the same to a chemist, but a file numbers them, and a distance error that is
taken by number depends on it. In QM9 the numbering has a hand (one for all CH2, one for all CH3) while
RDKit's is random. Renumbering a start geometry by such a rule uses no reference and moves no atom.
"""

import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import permutations, product
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.molecules.mols import mol_from_record

NO_RULES: dict[str, dict[str, int]] = {"hand": {}, "anti": {}}
FEWEST = 20  # cases that make a rule
AGREEMENT = 0.95  # share of the cases that makes a hand a rule
MOST_NUMBERINGS = 9
FLAT = 0.3  # cubic angstrom: volume spanned by the bonds of a planar NH2


class Group(NamedTuple):
    """Hydrogens of one atom that differ by number alone."""

    parent: int
    hydrogens: tuple[int, ...]  # two or three, ascending
    heavy: tuple[int, ...]  # other neighbours of the parent, ascending
    beyond: int | None  # lowest neighbour of the only heavy neighbour, heavy if it has any
    element: str
    branches: int  # heavy neighbours of the only heavy neighbour, without the parent


def numbering_rules(records: Iterable[Mapping]) -> dict[str, dict[str, int]]:
    """Count the rules of a data set in its records with geometries; JSON values.

    ``hand``: sign of the volume that the neighbours of such a parent span, taken in ascending order, where
    nearly all agree. ``anti``: which of the hydrogens lies opposite to the lowest atom beyond, most often.
    """
    hands: dict[str, Counter] = {}
    antis: dict[str, Counter] = {}
    for record in records:
        positions = np.array(record["positions"])
        for group in hydrogen_groups(mol_from_record(record)):
            for counters, (kind, value) in zip((hands, antis), _features(group, positions), strict=True):
                if value is not None:
                    counters.setdefault(kind, Counter())[value] += 1
    rules: dict[str, dict[str, int]] = {"hand": {}, "anti": {}}
    for name, counters, share in (("hand", hands, AGREEMENT), ("anti", antis, 0.0)):
        for kind, counter in sorted(counters.items()):
            value, count = counter.most_common(1)[0]
            if counter.total() >= FEWEST and count >= share * counter.total():
                rules[name][kind] = value
    return rules


def follow_rules(
    groups: Iterable[Group], positions: np.ndarray, rules: Mapping[str, Mapping[str, int]]
) -> np.ndarray:
    """Renumber hydrogens of a geometry (n, 3) of a molecule with ``groups`` by ``rules``; no point moves."""
    positions = np.array(positions, float)
    for group in groups:
        hydrogens = list(group.hydrogens)
        best, best_score = positions, (-1, -1)
        for order in permutations(hydrogens):
            numbered = positions.copy()
            numbered[hydrogens] = positions[list(order)]
            (hand_kind, hand), (anti_kind, anti) = _features(group, numbered)
            score = (
                int(hand is not None and rules["hand"].get(hand_kind) == hand),
                int(anti is not None and rules["anti"].get(anti_kind) == anti),
            )
            if score > best_score:
                best, best_score = numbered, score
        positions = best
    return positions


def other_numberings(
    groups: Sequence[Group], positions: np.ndarray, rules: Mapping[str, Mapping[str, int]]
) -> Iterator[np.ndarray]:
    """Give ``positions`` (n, 3), then what ``rules`` leave open: a rotor numbered from another hydrogen.

    All combinations where they are few, else one rotor at a time.
    """
    open_orders = []
    for group in groups:
        (kind, hand), (anti, _) = _features(group, positions)
        if anti in rules["anti"] and (hand is None or rules["hand"].get(kind) == hand):
            turns = [list(np.roll(group.hydrogens, turn)) for turn in range(len(group.hydrogens))]
            open_orders.append((list(group.hydrogens), turns))
    few = math.prod(len(turns) for _, turns in open_orders) <= MOST_NUMBERINGS
    for choice in product(*(range(len(turns)) for _, turns in open_orders)):
        if few or sum(turn > 0 for turn in choice) <= 1:
            numbered = positions.copy()
            for (hydrogens, turns), turn in zip(open_orders, choice, strict=True):
                numbered[hydrogens] = positions[turns[turn]]
            yield numbered


def hydrogen_groups(mol: Chem.Mol) -> Iterator[Group]:
    """Find the groups of two or three like hydrogens on one atom that has one or two other neighbours."""
    for atom in mol.GetAtoms():
        neighbours = sorted(atom.GetNeighbors(), key=lambda other: other.GetIdx())
        hydrogens = tuple(other.GetIdx() for other in neighbours if other.GetAtomicNum() == 1)
        heavy = tuple(other.GetIdx() for other in neighbours if other.GetAtomicNum() > 1)
        if atom.GetAtomicNum() == 1 or (len(hydrogens), len(heavy)) not in ((2, 2), (3, 1), (2, 1)):
            continue
        if len({mol.GetAtomWithIdx(index).GetIsotope() for index in hydrogens}) > 1:
            continue  # hydrogen and deuterium are told apart: to exchange them makes another molecule
        beyond, branches = None, 0
        if len(heavy) == 1:
            others = [
                other
                for other in mol.GetAtomWithIdx(heavy[0]).GetNeighbors()
                if other.GetIdx() != atom.GetIdx()
            ]
            branches = sum(other.GetAtomicNum() > 1 for other in others)
            choice = [other.GetIdx() for other in others if other.GetAtomicNum() > 1 or not branches]
            beyond = min(choice, default=None)
        yield Group(atom.GetIdx(), hydrogens, heavy, beyond, atom.GetSymbol(), branches)


def _features(group: Group, positions: np.ndarray) -> tuple[tuple[str, int | None], tuple[str, int | None]]:
    """(kind, hand) and (kind, number of the opposite hydrogen); None where the geometry does not say."""
    centre = positions[group.parent]
    bonds = positions[[*group.heavy, *group.hydrogens]] - centre
    kind = f"{group.element}H{len(group.hydrogens)}"
    flat = abs(np.linalg.det(bonds[:3])) < FLAT
    hand = None
    if len(group.heavy) == 2:
        hand = int(np.sign(np.linalg.det([bonds[0], bonds[1], bonds[2] - bonds[3]])))
    elif len(group.hydrogens) == 3:
        hand = int(np.sign(np.linalg.det(bonds[1:])))
    opposite = None
    # the two hydrogens of a pyramid lie on either side of the atom beyond: neither is opposite to it
    if group.beyond is not None and (len(group.hydrogens) == 3 or flat):
        axis = bonds[0] / max(np.linalg.norm(bonds[0]), 1e-6)
        away = positions[group.beyond] - positions[group.heavy[0]]
        away = away - (away @ axis) * axis
        around = bonds[1:] - (bonds[1:] @ axis)[:, None] * axis
        around /= np.maximum(np.linalg.norm(around, axis=1, keepdims=True), 1e-6)
        opposite = int(np.argmin(around @ away))
    return (kind, hand or None), (f"{kind}-{group.branches}", opposite)
