"""What the report says of the row of the shipped weights."""

from pathlib import Path

from groundstate.metrics.definition import as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.records import Rejection, write_rejected
from groundstate.report.methods import collect_methods
from groundstate.report.runs import Run
from groundstate.report.shipped import shipped_notes
from groundstate.weights.learned import REASON

COMPARED = {
    "n": 40,
    "difference": 0.05,
    "interval": [0.02, 0.09],
    "verdict": "worse",
    "ours": 0.2,
    "theirs": 0.15,
}


def runs(folder: Path) -> dict[str, list[Run]]:
    own = {"n": 40, "mae": 0.2, "definitions": as_json(NUMBERS), "baselines": {"shipped": {"mae": 0.15}}}
    own["comparisons"] = {"shipped": {"n": 40, "metrics": {"mae": COMPARED}}}
    shipped = {"n": 40, "mae": 0.15, "definitions": as_json(NUMBERS)}
    return {
        name: [Run("molecules", folder / name / "seed0", {}, None, {"geometry": summary}, {})]
        for name, summary in (("gaunt", own), ("shipped", shipped))
    }


def test_the_notes_count_what_left_the_test_part_and_compare_in_pairs(tmp_path: Path) -> None:
    models = runs(tmp_path)
    rows = [Rejection("a", "prepare", REASON), Rejection("b", "prepare", "broken")]
    (tmp_path / "prepared").mkdir()
    write_rejected(tmp_path / "prepared/rejected.csv", rows)
    about, compared = shipped_notes("molecules", models)
    assert "1 molecules that they may have learned" in about
    assert "gaunt minus shipped, seed 0, 0.050" in compared
    assert "the same 40 molecules" in compared and "worse" in compared
    assert shipped_notes("molecules", {"gaunt": models["gaunt"]}) == []


def test_the_shipped_weights_have_one_column(tmp_path: Path) -> None:
    assert [method.name for method in collect_methods(runs(tmp_path), "geometry")] == ["gaunt", "shipped"]
