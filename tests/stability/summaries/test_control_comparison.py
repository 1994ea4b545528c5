"""UniMat's measures by hand: which compositions, which crystals, which way round."""

import pytest

from groundstate.stability.rows import StabilityRow
from groundstate.stability.summaries.control_comparison import compare_with_control
from stability.made import row


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
