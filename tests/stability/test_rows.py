"""Classes add up, and every rate has all scored crystals below it."""

import pytest

from groundstate.stability.agreement import summarise_agreement
from groundstate.stability.control_comparison import compare_with_control
from groundstate.stability.rows import StabilityRow, flag_elements, is_stable, summarise_stability


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
    found = compare_with_control(ours, theirs, (0.0,))
    assert found["compositions"] == 3
    assert found["mean_difference"] == pytest.approx((-0.1 + 0.0004 + 0.2) / 3)
    assert found["share_lower"] == found["share_equal"] == pytest.approx(1 / 3)
    assert compare_with_control(ours, [], (0.0,)) == {"n": 0, "compositions": 0, "intervals": {}}


def test_convergence_and_numbers_are_over_crystals_that_have_a_control():
    ours = [row("a"), row("b", above=0.01), row("c", "not_converged"), row("d")]
    control = [row("a", "failed", None, None), row("b", above=0.2), row("c", above=0.0)]
    found = compare_with_control(ours, control, (0.0, 0.025))
    assert (found["n"], found["converged"], found["control_converged"]) == (3, 2 / 3, 2 / 3)
    assert found["convergence_difference"] == 0.0
    assert (found["number_stable_0mev"], found["control_number_stable_0mev"]) == (1, 1)
    assert (found["number_stable_25mev"], found["control_number_stable_25mev"]) == (2, 1)


def test_agreement_by_hand():
    def seen(name, above, second_above, formation=-1.0, second_formation=-1.0, **more):
        return row(
            name,
            above=above,
            formation=formation,
            second_energy_above_hull=second_above,
            second_formation_energy_per_atom=second_formation,
            **more,
        )

    rows = [seen("a", 0.0, 0.01, second_formation=-1.2), seen("b", 0.05, 0.2), seen("c", 0.3, None, -1, None)]
    rows += [row("d", "failed", None, None), row("e", "not_scored", None, None)]
    found = summarise_agreement(rows, (0.0, 0.1))
    assert found["n"] == 4
    assert found["mean_absolute_difference_formation_energy_per_atom"] == pytest.approx(0.1)
    assert found["mean_absolute_difference_energy_above_hull"] == pytest.approx(0.08)
    assert (found["both_stable_0mev"], found["same_stable_0mev"]) == (0.0, 3 / 4)
    assert (found["both_stable_100mev"], found["same_stable_100mev"]) == (1 / 4, 3 / 4)
