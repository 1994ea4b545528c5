"""Figures hold the numbers that they were given, and nothing that JSON cannot."""

import json
import math

import numpy as np
import pandas as pd

from groundstate.metrics.definition import as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.report.crystals.energies import formation_figure, hull_figure
from groundstate.report.figures import distribution_figure, relative_figure, script_json, significant
from groundstate.report.tables import Method


def test_json_cannot_end_its_script_element():
    text = script_json({"a": "</script><!-- é"})
    assert "<" not in text
    assert json.loads(text) == {"a": "</script><!-- é"}


def test_gaps_are_null():
    assert significant([1.234567, math.nan, math.inf]) == [1.2346, None, None]


def test_distribution_is_the_empirical_one():
    figure = distribution_figure("f", "t", "x", {"a": [0.3, 0.1, math.nan, 0.2], "none": [math.nan]})
    (trace,) = figure.data
    assert trace["x"] == [0.0, 0.1, 0.2, 0.3]
    assert np.allclose(trace["y"], [0, 1 / 3, 2 / 3, 1], atol=1e-4)
    assert distribution_figure("f", "t", "x", {"a": []}) is None


def test_long_distributions_are_thinned_but_keep_their_ends():
    values = np.random.default_rng(0).exponential(size=5000)
    (trace,) = distribution_figure("f", "t", "x", {"a": values}).data
    assert len(trace["x"]) <= 400
    assert trace["x"][-1] == significant([values.max()])[0] and trace["y"][-1] == 1


def test_errors_relative_to_the_start():
    ours = Method(
        "net", True, [{"bond_mae": 0.006, "validity": 1.0, "intervals": {"bond_mae": [0.005, 0.008]}}]
    )
    start = Method("mmff", False, [{"bond_mae": 0.010, "validity": 1.0}], as_json(NUMBERS))
    figure = relative_figure("f", [ours, start], "mmff")
    (trace,) = figure.data
    assert "template" not in figure.layout  # the page has a theme of its own
    assert trace["y"] == ["Bond length MAE"] and trace["x"] == [0.6]
    assert trace["error_x"]["arrayminus"] == [0.1] and trace["error_x"]["array"] == [0.2]
    assert relative_figure("f", [ours], "mmff") is None


def test_hull_points_are_sorted_and_unknown_ones_left_out():
    table = pd.DataFrame(
        {
            "id": ["a", "b", "c"],
            "formula": ["NaCl", "MgO", "Fe"],
            "class": ["converged", "not_converged", "converged"],
            "energy_above_hull": [0.2, 0.1, None],
            "formation_energy_per_atom": [-2.0, None, 0.1],
        }
    )
    figure = hull_figure("f", table, "hull")
    points = {trace["name"]: (trace["x"], trace["y"]) for trace in figure.data}
    assert points == {"converged (1)": ([2], [0.2]), "not converged (1)": ([1], [0.1])}
    bars, ticks = formation_figure("f", "net", table, [-3.0, -1.0, 0.0]).data
    assert ticks["x"] == [-2.0, 0.1] and ticks["text"] == ["NaCl (a)", "Fe (c)"]
    assert np.isclose(sum(bars["y"]), 1, atol=1e-3)
