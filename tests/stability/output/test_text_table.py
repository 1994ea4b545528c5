"""The table in the terminal: order, bounds, legend."""

from groundstate.stability.output.text_table import LEGEND, crystal_table
from stability.made import row


def test_the_lowest_comes_first_and_a_lower_bound_says_so():
    label = "lower bound: 1 stable phase without energy (Na2Cl)"
    rows = [
        row("lost", "failed", None, None, reason="no converged charges"),
        row(
            "high",
            above=0.34,
            decomposition_energy=0.34,
            decomposition_products="NaCl (low)",
            hull="complete",
        ),
        row("low", above=0.0, decomposition_energy=-0.01, hull="complete"),
        row("bound", above=0.2, hull=label, hull_incomplete=True),
        row("left", "not_scored", None, None),
    ]
    head, *lines, legend = crystal_table(rows).splitlines()
    assert head.split()[:3] == ["id", "formula", "class"]
    assert [line.split()[0] for line in lines] == ["low", "bound", "high", "lost"]
    assert "≥ 0.200" in lines[1]
    assert lines[1].endswith(label)
    assert "NaCl (low)" in lines[2]
    assert lines[3].endswith("no converged charges")
    assert legend == LEGEND
    assert "and 2 more: see crystals.csv" in crystal_table(rows, most=2)
