"""Classes add up, and every rate has all scored crystals below it."""

import pytest

from groundstate.metrics.agreement import add_second, summarise_agreement
from groundstate.metrics.control_comparison import compare_with_control
from groundstate.metrics.stability import StabilityRow, flag_elements, is_stable, summarise_stability


def row(name, outcome="converged", above=0.0, formation=-1.0, **more):
    return StabilityRow(
        name,
        "NaCl",
        2,
        "Cl-Na",
        outcome,
        energy_above_hull=above,
        formation_energy_per_atom=formation,
        **more,
    )


ROWS = [
    row("a", unique=True, novel=True),
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
    assert found["median_energy_above_hull"] == pytest.approx(0.02)
    for key, (low, high) in found["intervals"].items():
        assert low <= found[key] <= high


def test_only_converged_crystals_with_competitors_are_stable():
    assert [r.id for r in ROWS if is_stable(r, 10.0)] == ["a", "b", "c"]


def test_nothing_scored_has_counts_and_no_rates():
    found = summarise_stability(ROWS[-2:], (0.0,))
    assert found["scored"] == 0
    assert "stable_0mev" not in found


def test_an_unknown_class_is_a_defect():
    with pytest.raises(ValueError, match="no known class"):
        summarise_stability([row("a", "waiting")], (0.0,))


def test_flags():
    assert flag_elements({"Fe", "O"}) == (True, False)
    assert flag_elements({"Ce", "O"}) == (False, True)
    assert flag_elements({"Sr", "Ti", "O"}) == (False, False)


def test_the_lowest_of_each_composition_is_compared():
    def of(formula, energy, outcome="converged"):
        return StabilityRow("x", formula, outcome=outcome, formation_energy_per_atom=energy)

    ours = [of("A", -1.0), of("A", -1.5), of("B", -1.0), of("C", -1.0), of("D", -9.0, "collapsed")]
    theirs = [of("A", -1.4), of("B", -1.0004), of("C", -1.2), of("D", -1.0)]
    found = compare_with_control(ours, theirs)
    assert found["compositions"] == 3
    assert found["mean_difference"] == pytest.approx((-0.1 + 0.0004 + 0.2) / 3)
    assert found["share_lower"] == found["share_equal"] == pytest.approx(1 / 3)
    assert compare_with_control(ours, []) == {"compositions": 0}


def test_agreement_by_hand():
    rows = [row("a"), row("b", above=0.05), row("c", above=0.3)]
    second = [row("a", above=0.01, formation=-1.2), row("b", above=0.2), row("c", "failed", None, None)]
    add_second(rows, second)
    assert [r.second_energy_above_hull for r in rows] == [0.01, 0.2, None]
    found = summarise_agreement(rows, second, (0.0, 0.1))
    assert found["mean_absolute_difference_formation_energy_per_atom"] == pytest.approx(0.1)
    assert (found["both_stable_0mev"], found["same_stable_0mev"]) == (0.0, pytest.approx(2 / 3))
    assert (found["both_stable_100mev"], found["same_stable_100mev"]) == (
        pytest.approx(1 / 3),
        pytest.approx(2 / 3),
    )
