"""What a row knows of its crystal, and when it counts as stable."""

from groundstate.stability.rows import StabilityRow, flag_elements, is_stable
from stability.made import row


def test_only_converged_crystals_with_competitors_are_stable():
    assert is_stable(row("a", above=0.02), 0.025)
    assert not is_stable(row("b", above=0.03), 0.025)
    assert not is_stable(row("c", above=None), 10.0)
    assert not any(
        is_stable(row("d", outcome, above=0.0), 10.0) for outcome in ("not_converged", "collapsed")
    )
    assert is_stable(row("e", "not_converged", initial_energy_above_hull=0.01), 0.025, before=True)


def test_the_table_calls_the_outcome_class():
    columns = StabilityRow("a", outcome="failed").as_dict()
    assert columns["class"] == "failed"
    assert "outcome" not in columns


def test_flags():
    assert flag_elements({"Fe", "O"}) == (True, False)
    assert flag_elements({"Ce", "O"}) == (False, True)
    assert flag_elements({"Sr", "Ti", "O"}) == (False, False)
