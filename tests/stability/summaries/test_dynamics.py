"""Dynamically stable crystals, counted by hand."""

from groundstate.stability.rows import StabilityRow
from groundstate.stability.summaries.dynamics import summarise_dynamics
from stability.made import row

NEW = {"unique": True, "novel": True, "hull": "complete"}
ROWS = [
    row("a", dynamics="stable", **NEW),
    row("b", dynamics="imaginary", **NEW),
    row("c", above=0.05, dynamics="stable", **NEW),
    row("d", dynamics="stable", unique=True, novel=False, hull="complete"),
    row("e", dynamics="failed", **NEW),
    row("f", above=0.4, dynamics="not_computed", **NEW),
    StabilityRow("g"),  # not taken up
]


def test_the_shares_are_of_the_computed_and_of_all_scored():
    found = summarise_dynamics(ROWS, (0.0, 0.1))
    assert (found["n"], found["phonons_stable"], found["phonons_imaginary"]) == (6, 3, 1)
    assert (found["phonons_failed"], found["phonons_not_computed"]) == (1, 1)
    assert found["dynamically_stable"] == 3 / 4
    assert found["sun_and_dynamically_stable_0mev"] == 1 / 6
    assert found["sun_and_dynamically_stable_100mev"] == 2 / 6
    for key, (low, high) in found["intervals"].items():
        assert low <= found[key] <= high


def test_nothing_computed_has_no_share():
    assert "dynamically_stable" not in summarise_dynamics(ROWS[4:], (0.0,))
    assert summarise_dynamics([], (0.0,))["n"] == 0
