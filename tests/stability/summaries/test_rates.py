"""Classes add up, and every rate has all scored crystals below it."""

import pytest

from groundstate.stability.rows import StabilityRow
from groundstate.stability.summaries.rates import summarise_stability
from stability.made import row

ROWS = [
    row("a", unique=True, novel=True, initial_energy_above_hull=0.0, unique_before=True, novel_before=True),
    row("b", above=0.05, unique=True, novel=True),
    row("c", above=0.02, unique=False, novel=True),
    row("d", "not_converged", unique=True, novel=True),  # on the hull by its number, but not converged
    row("e", above=None, hull_incomplete=True, unique=True, novel=False),
    row("f", "rejected_geometry", None, None, unique=True, novel=True),
    row("g", "failed", None, None, unique=True, novel=True),
    row("h", "collapsed", None, None, unique=True, novel=True),
    row("i", "not_scored", None, None),
    row("j", "not_scored", None, None),
]


def test_rates_by_hand():
    found = summarise_stability(ROWS, (0.0, 0.025, 0.1))
    assert (found["n"], found["scored"], found["failed"], found["hull_incomplete"]) == (10, 8, 1, 1)
    assert sum(found["classes"].values()) == 10
    assert (found["stable_0mev"], found["stable_25mev"], found["stable_100mev"]) == (1 / 8, 2 / 8, 3 / 8)
    assert (found["sun_0mev"], found["sun_25mev"], found["sun_100mev"]) == (1 / 8, 1 / 8, 2 / 8)
    assert found["converged"] == 4 / 8
    assert (found["stable_0mev_before"], found["sun_0mev_before"]) == (1 / 8, 1 / 8)
    unread = [*ROWS, StabilityRow("k", outcome="rejected_geometry")]  # neither unique nor novel
    assert summarise_stability(unread, (0.0,))["sun_0mev"] == 1 / 9
    assert found["median_energy_above_hull"] == pytest.approx(0.02)
    for key, (low, high) in found["intervals"].items():
        assert low <= found[key] <= high


def test_nothing_scored_has_counts_and_no_rates():
    found = summarise_stability(ROWS[-2:], (0.0,))
    assert found["scored"] == 0
    assert "stable_0mev" not in found


def test_an_unknown_class_is_a_defect():
    with pytest.raises(ValueError, match="no class of the list"):
        summarise_stability([row("a", "waiting")], (0.0,))
