"""CDVAE's composition validity: charge neutrality with the Pauling electronegativity order.

CDVAE goes through every combination of oxidation states, whose number explodes with the number of elements.
The same question has a polynomial answer: a combination passes the Pauling test if some electronegativity
divides the cations from the anions, so for each such divide the reachable total charges are collected element
by element. No limit on combinations is needed, and the answer is that of the full enumeration.
"""

import functools
import math
from collections.abc import Mapping

import smact

from groundstate.errors import GroundstateError
from groundstate.metrics.definition import SHARE, Definition

OXIDATION_LISTS = ("smact14", "icsd16", "icsd24", "sp", "wiki")

DEFINITION = Definition(
    "share of one element or only metals, or where some choice of one listed oxidation state per element is "
    "neutral at the given counts and no cation is as electronegative as an anion (an element without a known "
    "electronegativity passes)",
    "CDVAE (Xie et al., ICLR 2022), scripts/eval_utils.py smact_validity",
    SHARE,
    "higher",
    "Compositionally valid",
    "cdvae-f857f59",
    digits=1,
)


def check_oxidation_list(name: str) -> None:
    """Raise ``GroundstateError`` where SMACT has no list of oxidation states of this name."""
    if name not in OXIDATION_LISTS:
        raise GroundstateError(
            f"oxidation list {name!r} is not one of SMACT's; allowed: {', '.join(OXIDATION_LISTS)}"
        )


@functools.cache
def _element(symbol: str, oxidation_list: str) -> tuple[tuple[int, ...], float | None]:
    element = smact.Element(symbol)
    states = getattr(element, f"oxidation_states_{oxidation_list}") or ()
    return tuple(states), element.pauling_eneg


def composition_is_valid(counts: Mapping[str, int], oxidation_list: str = "smact14") -> bool:
    """Judge a composition by CDVAE's validity (see ``DEFINITION``).

    Parameters
    ----------
    counts
        Atoms of each element symbol.
    oxidation_list
        Which of SMACT's lists of oxidation states; ``smact14`` is the one of the published numbers.

    Raises
    ------
    GroundstateError
        For another list.
    """
    check_oxidation_list(oxidation_list)
    divisor = math.gcd(*counts.values())
    return _is_valid(tuple(sorted((s, n // divisor) for s, n in counts.items())), oxidation_list)


@functools.lru_cache(maxsize=100_000)
def _is_valid(counts: tuple[tuple[str, int], ...], oxidation_list: str) -> bool:
    symbols = [symbol for symbol, _ in counts]
    if len(symbols) == 1 or all(symbol in _METALS for symbol in symbols):
        return True
    if not _KNOWN.issuperset(symbols):  # SMACT has no data beyond Lr, so no state that could be neutral
        return False
    elements = [(*_element(symbol, oxidation_list), count) for symbol, count in counts]
    divides = {0.0, *(negativity for _, negativity, _ in elements if negativity is not None)}
    return any(_neutral(elements, divide) for divide in divides)


def _neutral(elements: list[tuple[tuple[int, ...], float | None, int]], divide: float) -> bool:
    """Whether a charge of 0 is reachable with cations at most, and anions above, ``divide``."""
    charges = {0}
    for states, negativity, count in elements:
        if negativity is not None:
            states = tuple(s for s in states if (s >= 0 if negativity <= divide else s <= 0))
        charges = {charge + state * count for charge in charges for state in states}
    return 0 in charges


_METALS = frozenset(smact.metals)
_KNOWN = frozenset(smact.element_dictionary())
