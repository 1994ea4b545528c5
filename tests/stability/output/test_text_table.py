"""The table in the terminal: order, bounds, legend."""

from groundstate.stability.output.text_table import LEGEND, crystal_table, protocol_table
from groundstate.stability.summaries.protocols import protocols, summarise_protocols
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


def test_every_protocol_is_a_row_and_what_was_not_asked_a_dash():
    rows = [row("a", energy_above_references=-0.1, unique=True, novel=True, hull="complete")]
    rows.append(row("b", above=0.5, energy_above_references=0.5, unique=True, novel=False, hull="complete"))
    summary = {
        "protocols": summarise_protocols(rows, (0.0,)),
        "definitions": {f"protocols.{one.key}": one.define("so") for one in protocols((0.0,))},
    }
    head, ours, flowmm, mattergen, *_, legend = protocol_table(summary).splitlines()
    assert head.startswith("protocol") and "complete hulls" in head and "no training crystals" in legend
    assert ours.startswith("groundstate at 0 meV/atom") and "50.0 [0.0, 100.0]" in ours
    assert flowmm.split()[:5] == ["FlowMM", "all", "scored", "crystals", "2"] and "–" in flowmm
    assert mattergen.split()[:5] == ["MatterGen", "all", "converged", "crystals", "2"]
