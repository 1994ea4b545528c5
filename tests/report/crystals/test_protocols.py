"""The table of protocols: a row each, what was not asked a dash, older scores without a table."""

from pathlib import Path

from groundstate.report.crystals.protocols import COLUMNS, protocol_table
from groundstate.report.runs import Run
from groundstate.stability.summaries.protocols import protocols, summarise_protocols
from stability.made import row

NEW = {"unique": True, "novel": True, "hull": "complete", "energy_above_references": -0.1}


def run_of(summary):
    return Run("crystals", Path("crystals/set/net/seed0"), {}, None, {"stability": summary}, {})


def test_every_protocol_is_a_row():
    rows = [row("a", **NEW), row("b", above=0.5, **(NEW | {"energy_above_references": 0.5}))]
    summary = {
        "protocols": summarise_protocols(rows, (0.0,)),
        "definitions": {f"protocols.{one.key}": one.define("so") for one in protocols((0.0,))},
    }
    table = protocol_table(run_of(summary))
    assert [line[0].text for line in table.rows] == [one.label for one in protocols((0.0,))]
    assert all(len(line) == len(COLUMNS) for line in table.rows)
    ours, flowmm, *_ = table.rows
    assert [cell.text for cell in ours[5:]] == ["2", "50.0", "100.0", "100.0", "50.0", "50.0"]
    assert (flowmm[1].text, flowmm[2].text, flowmm[-1].text) == ("0.0", "references alone", "–")
    assert "net, seed 0" in table.caption


def test_an_older_score_has_no_table():
    assert protocol_table(run_of({"n": 3})) is None
