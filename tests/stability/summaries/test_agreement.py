"""Two potentials: differences of their energies, shares where both say the same."""

import pytest

from groundstate.stability.summaries.agreement import summarise_agreement
from stability.made import row


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
