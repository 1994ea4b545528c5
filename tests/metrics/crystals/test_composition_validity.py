"""Composition validity against a plain enumeration with SMACT's own neutrality and Pauling tests."""

import itertools
import math
import random
import time

import pytest
import smact
from smact.screening import pauling_test

from groundstate.errors import GroundstateError
from groundstate.metrics.crystals.composition_validity import composition_is_valid

KNOWN = [
    symbol
    for symbol in smact.ordered_elements(1, 94)
    if smact.Element(symbol).oxidation_states_smact14 and smact.Element(symbol).pauling_eneg
]


def enumerate_validity(counts: dict[str, int], oxidation_list: str) -> bool:
    """The published procedure: every combination of oxidation states, one by one."""
    divisor = math.gcd(*counts.values())
    elements = [smact.Element(symbol) for symbol in counts]
    if len(counts) == 1 or all(symbol in smact.metals for symbol in counts):
        return True
    stoichs = [(n // divisor,) for n in counts.values()]
    lists = [getattr(e, f"oxidation_states_{oxidation_list}") or [] for e in elements]
    return any(
        smact.neutral_ratios(states, stoichs=stoichs, threshold=max(counts.values()))
        and pauling_test(states, [e.pauling_eneg for e in elements])
        for states in itertools.product(*lists)
    )


@pytest.mark.parametrize("oxidation_list", ["smact14", "icsd24", "wiki"])
def test_agrees_with_full_enumeration(oxidation_list):
    generator = random.Random(oxidation_list)
    answers = set()
    for _ in range(250):
        symbols = generator.sample(KNOWN, generator.randint(1, 4))
        counts = {symbol: generator.randint(1, 6) for symbol in symbols}
        answer = composition_is_valid(counts, oxidation_list)
        assert answer == enumerate_validity(counts, oxidation_list), counts
        answers.add(answer)
    assert answers == {True, False}


@pytest.mark.parametrize(
    ("counts", "valid"),
    [
        ({"Na": 1, "Cl": 1}, True),
        ({"Na": 4, "Cl": 4}, True),  # counts are divided by their greatest divisor
        ({"Na": 2, "Cl": 1}, False),
        ({"O": 3}, True),  # one element
        ({"Fe": 3, "Co": 2, "Ni": 1}, True),  # only metals
        ({"Sr": 1, "Ti": 1, "O": 3}, True),
        ({"Kr": 1, "O": 1}, True),  # Kr +2 with O -2, electronegativity 3.00 below 3.44
        ({"He": 1, "O": 1}, False),  # no oxidation state of He is listed
        ({"Pm": 2, "O": 3}, True),  # no electronegativity of Pm is listed: it passes
    ],
)
def test_hand_worked_cases(counts, valid):
    assert composition_is_valid(counts) is valid


def test_many_elements_take_no_time():
    counts = {symbol: 1 + index % 3 for index, symbol in enumerate(KNOWN[:40])}
    start = time.perf_counter()
    composition_is_valid(counts)
    assert time.perf_counter() - start < 1.0  # some 1e30 combinations


def test_unknown_list_is_refused():
    with pytest.raises(GroundstateError, match="smact14"):
        composition_is_valid({"Na": 1, "Cl": 1}, "smact2029")
