"""Cards: wins and losses on the same structures, each with its n; too few structures call nothing."""

from pathlib import Path

import pytest

from groundstate.metrics.definition import as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.report.runs import Kind, Run
from groundstate.report.verdict import FEWEST, judge_crystals, judge_molecules


def run(kind: Kind, seed: int = 0, **scores: dict) -> Run:
    return Run(kind, Path(f"/r/{kind}/set/net/seed{seed}"), {}, None, scores, {})


def comparison(verdict: str, n: int = 100, difference: float = -0.1) -> dict:
    interval = sorted([1.5 * difference, 0.5 * difference])
    values = {"ours": 0.3 + difference, "theirs": 0.3, "difference": difference, "interval": interval}
    return {"n": n, "verdict": verdict, **values}


def geometry(n: int = 100, **metrics: dict) -> dict:
    counts = {"n": n, "failed": 4, "missing": 1}
    return counts | {
        "definitions": as_json(NUMBERS),
        "comparisons": {"mmff": {"n": n, "metrics": metrics}},
    }


def test_losses_have_cards_beside_the_bars():
    scores = geometry(
        mae=comparison("better"),
        bond_mae=comparison("no difference"),
        stereo=comparison("worse"),
        angle_mae=comparison("better"),
        torsion_mae=comparison("worse", difference=0.2),
    )
    cards = judge_molecules("set", {"net": [run("molecules", geometry=scores)]})
    assert [(card.what, card.mark) for card in cards] == [
        ("Bond length MAE", "NO DIFFERENCE TOLD"),
        ("D-MAE", "BETTER"),
        ("All stereo right", "WORSE"),
        ("Torsion MAE", "WORSE"),
        ("Failed predictions", "COUNTED"),
    ]
    assert cards[3].why == (
        "0.2 ° (66.7%) above the start that it refines, ETKDGv3 + MMFF94 (0.3 °), on the same 100 molecules; "
        "95 % interval of the difference 0.1 to 0.3 °."
    )
    assert "on the same 100 molecules" in cards[1].why
    assert cards[-1].number == "4" and "100 are scored, 3 of them with a stand-in" in cards[-1].why
    assert "Of 101 predictions" in cards[-1].why and "1 have no prediction" in cards[-1].why


def test_few_structures_call_nothing():
    few = FEWEST - 1
    scores = geometry(few, mae=comparison("better", few), bond_mae=comparison("worse", few))
    cards = judge_molecules("set", {"net": [run("molecules", geometry=scores)]})
    assert {card.state for card in cards} == {"info"}
    assert cards[0].mark == "TOO FEW TO TELL" and f"Fewer than {FEWEST}" in cards[0].why


def test_seeds_have_to_agree():
    runs = [
        run("molecules", seed, geometry=geometry(mae=comparison(verdict), bond_mae=comparison("better")))
        for seed, verdict in enumerate(("better", "no difference"))
    ]
    bond, mae, _ = judge_molecules("set", {"net": runs})
    assert (bond.state, mae.state) == ("pass", "info")
    assert "mean of 2 seeds" in bond.why


def test_without_a_start_nothing_is_judged():
    scores = {
        "mae": 0.2,
        "bond_mae": 0.01,
        "n": 5,
        "failed": 0,
        "missing": 0,
        "definitions": as_json(NUMBERS),
    }
    cards = judge_molecules("set", {"net": [run("molecules", geometry=scores)]})
    assert [card.mark for card in cards] == ["NOT COMPARED", "NOT COMPARED", "COUNTED"]
    assert cards[1].number == "0.200 Å"


@pytest.mark.parametrize(
    ("interval", "mark"),
    [([-0.3, -0.1], "WORSE"), ([0.1, 0.2], "BETTER"), ([-0.2, 0.1], "NO DIFFERENCE TOLD")],
)
def test_stability_is_told_against_each_control(interval: list[float], mark: str):
    against = {"n": 80, "number_stable_0mev": 20, "control_number_stable_0mev": 30}
    against["intervals"] = {"stable_0mev_difference": interval}
    (card,) = judge_crystals("set", {"net": [run("crystals", stability={"against_random_search": against})]})
    assert card.mark == mark and card.number == "25.0%"
    assert "20 of 80 crystals are on the hull, fewer than of random search" in card.why
    assert "30 of 80 (37.5%)" in card.why


def test_what_nothing_stands_beside_is_told_with_its_n_and_not_judged():
    stability = {"stable_0mev": 0.3, "scored": 50, "n": 80, "hull_incomplete": 12}
    coverage = {"cov_recall": 0.8, "n": 200, "intervals": {"cov_recall": [0.7, 0.9]}}
    scores = {"stability": stability, "coverage": coverage}
    recall, stable = judge_crystals("set", {"net": [run("crystals", **scores)]})
    assert {recall.mark, stable.mark} == {"NOT COMPARED"}
    assert recall.number == "80.0%" and "(n = 200, 95 % interval 70.0% to 90.0%)" in recall.why
    assert stable.number == "30.0%" and "there is no control to compare with (n = 50)" in stable.why
    assert stable.why.endswith(
        "Of 50 scored crystals 12 have a hull that lacks phases and count as not stable."
    )


def test_coverage_is_told_against_random_compositions():
    def row(value: float, low: float, high: float, n: int = 200) -> dict:
        return {"cov_recall": value, "n": n, "intervals": {"cov_recall": [low, high]}}

    for low, high, mark in ((0.9, 0.95, "BETTER"), (0.1, 0.3, "WORSE"), (0.4, 0.9, "NO DIFFERENCE TOLD")):
        scores = row((low + high) / 2, low, high) | {
            "baselines": {"random_composition": row(0.6, 0.5, 0.7), "replay": row(0.99, 0.98, 1.0)}
        }
        (card,) = judge_crystals("set", {"net": [run("crystals", coverage=scores)]})
        assert card.mark == mark
        assert (
            "95 % interval 50.0% to 70.0%" in card.why and "Training replay, the ceiling: 99.0%" in card.why
        )


def test_validity_keeps_its_bar_and_says_n():
    scores = {
        "structure_validity": 0.9,
        "n": 50,
        "failed": 2,
        "intervals": {"structure_validity": [0.8, 0.95]},
    }
    valid, failed = judge_crystals("set", {"net": [run("crystals", validity=scores)]})
    assert valid.mark == "BAR MET" and "n = 50, 95 % interval 80.0% to 95.0%" in valid.why
    assert "2 of 50 generated crystals cannot be read; they count as invalid" in failed.why
