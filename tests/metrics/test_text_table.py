"""Scores as text: rows in their order, intervals, and never different molecules side by side."""

from groundstate.metrics.definition import Definition, as_json
from groundstate.metrics.text_table import score_table

ABOUT = as_json(
    {
        "rate": Definition("x", "y", "share", "higher", "Rate", digits=1),
        "error": Definition("x", "y", "Å", "lower", "Error"),
        "n": Definition("x", "y", label="Molecules", digits=0),
    }
)


def test_rows_columns_and_intervals() -> None:
    summary = {
        "error": 0.25,
        "rate": 1.0,
        "n": 1200,
        "intervals": {"error": [0.2, 0.3], "rate": [1.0, 1.0]},
        "definitions": ABOUT,
        "baselines": {"mmff": {"error": None, "rate": 0.5, "n": 3}},
    }
    assert score_table(summary, "mine").splitlines() == [
        "              mine                  mmff",
        "Rate (%, ↑)   100.0                 50.0",
        "Error (Å, ↓)  0.250 [0.200, 0.300]  –",
        "Molecules     1,200                 3",
    ]


def test_further_baselines_are_counted() -> None:
    baselines = {f"b{index}": {"error": 1.0} for index in range(6)}
    text = score_table({"error": 1.0, "definitions": ABOUT, "baselines": baselines}, "mine", most=2)
    assert "b1" in text and "b2" not in text
    assert text.endswith("4 more baselines: see summary.json")


def test_columns_are_over_common_molecules() -> None:
    summary = {
        "error": 0.1,
        "n": 5,
        "definitions": ABOUT,
        "baselines": {"mmff": {"error": 0.2, "n": 6}},
        "common": {"predicted": {"error": 0.3, "n": 4}, "mmff": {"error": 0.4, "n": 4}},
    }
    lines = score_table(summary, "mine").splitlines()
    assert lines[1].split()[-2:] == ["0.300", "0.400"]
    assert lines[-1] == "All columns over the 4 molecules that every one of them has."
