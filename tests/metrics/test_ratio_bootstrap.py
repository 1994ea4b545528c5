"""Intervals of pooled ratios."""

import numpy as np
import pytest

from groundstate.metrics.ratio_bootstrap import ratio_intervals


def test_interval_of_a_mean_is_that_of_the_normal_limit():
    values = np.random.default_rng(0).normal(5, 2, size=(2000, 1))
    low, high = ratio_intervals(values, np.ones_like(values), seed=1)[0]
    expected = 1.96 * values.std() / np.sqrt(2000)
    assert low == pytest.approx(values.mean() - expected, abs=0.03)
    assert high == pytest.approx(values.mean() + expected, abs=0.03)


def test_interval_covers_the_truth_as_often_as_it_says():
    rng = np.random.default_rng(0)
    hits = 0
    for trial in range(200):
        weights = rng.integers(1, 20, size=(150, 1)).astype(float)
        values = weights * rng.exponential(3, size=(150, 1))
        low, high = ratio_intervals(values, weights, seed=trial, samples=300)[0]
        hits += low <= 3 <= high
    assert 0.88 <= hits / 200 <= 0.99


def test_big_structures_weigh_by_their_denominator_and_absent_ones_do_not_count():
    numerators = np.array([[90.0, 0], [1, 0], [0, 0]])
    denominators = np.array([[90.0, 0], [10, 0], [0, 0]])
    bounds = ratio_intervals(numerators, denominators, seed=0)
    assert 0.1 <= bounds[0, 0] <= 91 / 100 <= bounds[0, 1] <= 1
    assert np.isnan(bounds[1]).all()
    np.testing.assert_array_equal(bounds, ratio_intervals(numerators, denominators, seed=0))
    assert ratio_intervals(np.zeros((0, 2)), np.zeros((0, 2)), seed=0).shape == (2, 2)
