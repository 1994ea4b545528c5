"""What is chosen for a view, and what the viewer is given."""

import math

import numpy as np
import pytest

from groundstate.report.scenes import BALL, Layer, Scene, pick_ranked


def test_pick_worst_median_best():
    names = [f"m{index:02d}" for index in range(21)]
    scores = [float((7 * index) % 21) for index in range(21)]  # a shuffle of 0 ... 20
    order = [name for _, name in sorted(zip(scores, names, strict=True))]
    picked = pick_ranked(names, scores)
    assert picked == [
        ("best", order[0]),
        ("best", order[1]),
        ("median", order[9]),
        ("median", order[10]),
        ("worst", order[19]),
        ("worst", order[20]),
    ]


def test_pick_does_not_depend_on_order_and_breaks_ties_by_id():
    names, scores = ["c", "a", "b", "d"], [1.0, 1.0, 0.0, math.nan]
    expected = [("best", "b"), ("median", "a"), ("worst", "c")]
    assert pick_ranked(names, scores) == expected
    assert pick_ranked(names[::-1], scores[::-1]) == expected
    assert pick_ranked([], []) == []


@pytest.fixture
def scene() -> Scene:
    water = Layer(
        "predicted", [8, 1, 1], np.array([[5.0, 0, 0], [6, 0, 0], [5, 1, 0]]), ["O", "H", "H"], [(0, 1, 1)]
    )
    other = Layer("start", [8], np.array([[5.0, 0, 4]]), ["O"], visible=False, grey=True)
    return Scene("view", "water", "", [water, other])


def test_layers_share_one_centre_and_fit(scene):
    data = scene.data()
    positions = np.array([atom[1:] for layer in data["layers"] for atom in layer["atoms"]])
    assert np.allclose(positions.max(axis=0) + positions.min(axis=0), 0)
    assert np.allclose(positions[1] - positions[0], [1, 0, 0], atol=1e-3)
    oxygen = data["elements"]["O"]["radius"]
    assert oxygen == pytest.approx(BALL * 0.66, abs=1e-3)
    assert data["radius"] >= np.linalg.norm(positions[3]) + oxygen - 1e-3


def test_legend(scene):
    assert [entry["symbol"] for entry in scene.elements] == ["H", "O"]
    assert scene.elements[1]["color"] == "#ff0d0d"  # Jmol's oxygen
    assert scene.grey == "start"
