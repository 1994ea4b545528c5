"""Uniqueness and novelty: crystals of one composition compared with pymatgen's StructureMatcher.

Only crystals of the same reduced formula can match, so they are put into buckets first, and each is reduced
to its primitive Niggli cell once instead of once a comparison. The cost is that of the comparisons inside
buckets.
"""

from collections import defaultdict
from collections.abc import Sequence

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.metrics.definition import SHARE, Definition
from groundstate.progress import Progress

TOLERANCES = {"ltol": 0.2, "stol": 0.3, "angle_tol": 5.0}

MATCHER = f"pymatgen StructureMatcher, primitive Niggli cells, scaled volumes, {TOLERANCES}"


def define_unique(among: str) -> Definition:
    """Define uniqueness as a share of the crystals that ``among`` names."""
    text = f"first of its group of equivalent crystals; share of {among}"
    return Definition(text, MATCHER, SHARE, "higher", "Unique", digits=1)


def define_novel(references: str, among: str) -> Definition:
    """Define novelty against the ``references``, as a share of the crystals that ``among`` names."""
    text = f"equivalent to none of {references}; share of {among}"
    return Definition(text, MATCHER, SHARE, "higher", "Novel", digits=1)


def _matcher() -> StructureMatcher:
    return StructureMatcher(
        ltol=TOLERANCES["ltol"], stol=TOLERANCES["stol"], angle_tol=TOLERANCES["angle_tol"]
    )


def _reduce(structure: Structure) -> Structure:
    try:
        return structure.get_reduced_structure(reduction_algo="niggli").get_primitive_structure()
    except ValueError:  # the Niggli search ends without a cell for some very oblique ones
        return structure.get_reduced_structure(reduction_algo="LLL").get_primitive_structure()


def _buckets(structures: Sequence[Structure]) -> dict[str, list[int]]:
    buckets = defaultdict(list)
    for index, structure in enumerate(structures):
        buckets[structure.composition.reduced_formula].append(index)
    return buckets


def first_equivalents(structures: Sequence[Structure], name: str = "uniqueness") -> list[int]:
    """Find the first crystal that each one is equivalent to (itself for the first of a kind), by index."""
    matcher = _matcher()
    first = list(range(len(structures)))
    progress = Progress(name, len(structures), "crystal")
    for members in _buckets(structures).values():
        if len(members) > 1:
            groups: list[tuple[int, Structure]] = []
            for index in members:
                reduced = _reduce(structures[index])
                match = next((i for i, first_one in groups if _fit(matcher, first_one, reduced)), None)
                if match is None:
                    groups.append((index, reduced))
                else:
                    first[index] = match
        progress.update(len(members))
    return first


def are_unique(structures: Sequence[Structure]) -> list[bool]:
    """Tell for each crystal whether it is the first of its kind."""
    return [index == first for index, first in enumerate(first_equivalents(structures))]


def are_novel(
    structures: Sequence[Structure], references: Sequence[Structure], name: str = "novelty"
) -> list[bool]:
    """Tell for each crystal whether it is equivalent to none of ``references``."""
    matcher = _matcher()
    by_formula = _buckets(references)
    reduced: dict[int, Structure] = {}
    novel = []
    progress = Progress(name, len(structures), "crystal")
    for structure in structures:
        candidates = by_formula.get(structure.composition.reduced_formula, [])
        for index in candidates:
            if index not in reduced:
                reduced[index] = _reduce(references[index])
        ours = _reduce(structure) if candidates else structure
        novel.append(not any(_fit(matcher, reduced[index], ours) for index in candidates))
        progress.update()
    return novel


def _fit(matcher: StructureMatcher, one: Structure, other: Structure) -> bool:
    return len(one) == len(other) and matcher.fit(one, other, skip_structure_reduction=True)
