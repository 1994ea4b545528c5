"""Uniqueness and novelty: crystals of one composition compared with pymatgen's StructureMatcher.

Only crystals of the same reduced formula can match, so they are put into buckets first, and each is reduced
to its primitive Niggli cell once instead of once a comparison. The cost is that of the comparisons inside
buckets.
"""

from collections import defaultdict
from collections.abc import Sequence

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.progress import Progress

TOLERANCES = {"ltol": 0.2, "stol": 0.3, "angle_tol": 5.0}

DEFINITIONS = {
    "unique": {
        "name": "uniqueness",
        "version": "1",
        "source": "first of its group of equivalent crystals (pymatgen StructureMatcher, primitive Niggli "
        f"cells, scaled volumes, {TOLERANCES})",
    },
    "novel": {
        "name": "novelty",
        "version": "1",
        "source": "equivalent to none of the reference structures (same matcher)",
    },
    "sun": {
        "name": "stable, unique and novel",
        "version": "1",
        "source": "all three; share of all scored crystals",
    },
}


def _reduce(structure: Structure) -> Structure:
    try:
        return structure.get_reduced_structure(reduction_algo="niggli").get_primitive_structure()
    except ValueError:  # the Niggli search ends without a cell for some very oblique ones
        return structure.get_reduced_structure(reduction_algo="LLL").get_primitive_structure()


def _buckets(structures: Sequence[Structure]) -> dict[str, list[int]]:
    found = defaultdict(list)
    for index, structure in enumerate(structures):
        found[structure.composition.reduced_formula].append(index)
    return found


def first_equivalents(structures: Sequence[Structure], name: str = "uniqueness") -> list[int]:
    """Index of the first crystal that each one is equivalent to (its own for the first of a kind)."""
    matcher = StructureMatcher(**TOLERANCES)
    first = list(range(len(structures)))
    progress = Progress(name, len(structures), "crystal")
    for members in _buckets(structures).values():
        if len(members) > 1:
            groups: list[tuple[int, Structure]] = []
            for index in members:
                reduced = _reduce(structures[index])
                match = next((i for i, known in groups if _fit(matcher, known, reduced)), None)
                if match is None:
                    groups.append((index, reduced))
                else:
                    first[index] = match
        progress.update(len(members))
    return first


def are_unique(structures: Sequence[Structure]) -> list[bool]:
    """Whether each crystal is the first of its kind."""
    return [index == first for index, first in enumerate(first_equivalents(structures))]


def are_novel(
    structures: Sequence[Structure], known: Sequence[Structure], name: str = "novelty"
) -> list[bool]:
    """Whether each crystal is equivalent to none of ``known``."""
    matcher = StructureMatcher(**TOLERANCES)
    by_formula = _buckets(known)
    reduced: dict[int, Structure] = {}
    novel = []
    progress = Progress(name, len(structures), "crystal")
    for structure in structures:
        candidates = by_formula.get(structure.composition.reduced_formula, [])
        for index in candidates:
            if index not in reduced:
                reduced[index] = _reduce(known[index])
        ours = _reduce(structure) if candidates else structure
        novel.append(not any(_fit(matcher, reduced[index], ours) for index in candidates))
        progress.update()
    return novel


def _fit(matcher: StructureMatcher, one: Structure, other: Structure) -> bool:
    return len(one) == len(other) and matcher.fit(one, other, skip_structure_reduction=True)
