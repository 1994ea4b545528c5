"""Metrics of a set from the terms of its molecules: pooled ratios, roots, medians, metrics of one's own."""

import numpy as np
import pytest

from groundstate.metrics.molecules.definitions import DEFINITIONS, MEDIANS
from groundstate.metrics.molecules.geometry import aggregate, molecule_values


def test_values_are_ratios_of_sums_and_roots_of_them() -> None:
    rows = [
        {"mae": (2.0, 20), "rmse": (4.0, 1), "size": (3.0, 1)},
        {"mae": (1.0, 5), "rmse": (0.0, 1)},
        {},
    ]
    values, intervals = aggregate(rows, samples=50, names=[*DEFINITIONS, "size"])
    assert values["mae"] == pytest.approx(3 / 25) and values["rmse"] == pytest.approx(np.sqrt(2))
    assert values["size"] == 3.0 and values["stereo"] is None and intervals["stereo"] is None
    low, high = intervals["mae"]
    assert 0.1 <= low <= values["mae"] <= high <= 0.2
    assert molecule_values(rows[0], ["mae", "rmse", "stereo"]) == {"mae": 0.1, "rmse": 2.0, "stereo": None}


def test_a_median_stands_where_one_geometry_decides_the_mean() -> None:
    rows = [{"mmff_strain": (value, 1)} for value in (1.0, 2.0, 3.0, 4.0, 196_310.0)]
    values, intervals = aggregate(rows, samples=200)
    assert values["mmff_strain"] > 30_000 and values["median_mmff_strain"] == 3.0
    low, high = intervals["median_mmff_strain"]
    assert 1.0 <= low <= 3.0 <= high
    assert values["median_gfn2_strain"] is None
    assert set(values) == set(intervals) == {*DEFINITIONS, *(f"median_{name}" for name in MEDIANS)}


def test_no_molecules_have_no_values() -> None:
    values, intervals = aggregate([])
    assert set(values.values()) == set(intervals.values()) == {None}
