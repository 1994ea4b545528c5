"""Two files compared on the molecules that both have, against direct sums and the normal limit."""

import numpy as np
import pytest

from groundstate.metrics.definition import Definition
from groundstate.metrics.molecules.comparison import compare, set_digest
from groundstate.metrics.molecules.definitions import NUMBERS

ABOUT = {"mae": NUMBERS["mae"], "rmse": NUMBERS["rmse"], "stereo": NUMBERS["stereo"]}
Side = dict[str, dict[str, tuple[float, float]]]


def sides(count: int, shift: float = 0.0) -> tuple[Side, Side]:
    rng = np.random.default_rng(1)
    ours: Side = {}
    theirs: Side = {}
    for index in range(count):
        pairs = float(rng.integers(6, 60))
        hard = rng.exponential(1.0)  # molecules that are hard for one are hard for the other
        for side, extra in ((ours, 0.0), (theirs, shift)):
            error = hard + extra + rng.normal(0, 0.05)
            side[f"m{index}"] = {"mae": (error * pairs, pairs), "stereo": (1.0, 1.0)}
    return ours, theirs


def test_values_are_pooled_over_molecules_that_both_have() -> None:
    ours, theirs = sides(9)
    del ours["m0"], theirs["m1"], theirs["m2"]["mae"]
    ours["m3"]["mae"] = (0.0, 0.0)  # nothing to measure
    result = compare(ours, theirs, ABOUT)
    names = [f"m{index}" for index in range(4, 9)]
    assert result["n"] == 7 and result["metrics"]["mae"]["n"] == 5 and result["metrics"]["stereo"]["n"] == 7
    for side, key in ((ours, "ours"), (theirs, "theirs")):
        above, below = (sum(side[name]["mae"][term] for name in names) for term in (0, 1))
        assert result["metrics"]["mae"][key] == pytest.approx(above / below)
    assert "rmse" not in result["metrics"]  # no molecule has it


def test_roots_are_taken_before_the_difference() -> None:
    ours = {"a": {"rmse": (4.0, 1.0)}}
    theirs = {"a": {"rmse": (9.0, 1.0)}}
    entry = compare(ours, theirs, ABOUT)["metrics"]["rmse"]
    assert (entry["ours"], entry["theirs"], entry["difference"]) == (2.0, 3.0, -1.0)
    assert entry["interval"] == [-1.0, -1.0] and entry["verdict"] == "better"


@pytest.mark.parametrize(("shift", "verdict"), [(0.0, "no difference"), (0.1, "better"), (-0.1, "worse")])
def test_pairing_tells_what_separate_intervals_could_not(shift: float, verdict: str) -> None:
    ours, theirs = sides(300, shift)
    entry = compare(ours, theirs, ABOUT)["metrics"]["mae"]
    assert entry["verdict"] == verdict
    width = entry["interval"][1] - entry["interval"][0]
    spread = np.std([terms["mae"][0] / terms["mae"][1] for terms in ours.values()])
    assert width < 0.5 * 2 * 1.96 * spread / np.sqrt(300)  # of one side alone


def test_higher_is_better_where_the_definition_says_so() -> None:
    ours = {f"m{index}": {"stereo": (0.0, 1.0)} for index in range(50)}
    theirs = {name: {"stereo": (1.0, 1.0)} for name in ours}
    assert compare(ours, theirs, ABOUT)["metrics"]["stereo"]["verdict"] == "worse"
    undirected = {"stereo": Definition("x", "y")}
    assert compare(ours, theirs, undirected)["metrics"] == {}


def test_no_molecule_in_common() -> None:
    assert compare({"a": {"mae": (1.0, 1.0)}}, {"b": {"mae": (1.0, 1.0)}}, ABOUT) == {"n": 0, "metrics": {}}


def test_a_set_has_one_digest_in_any_order() -> None:
    assert set_digest(["a", "b"]) == set_digest(["b", "a"]) != set_digest(["ab"])
