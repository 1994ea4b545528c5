"""Bootstrap intervals of statistics and of pooled ratios, against normal limits and for coverage."""

import numpy as np
import pytest

from groundstate.metrics.bootstrap import bootstrap_interval, ratio_intervals


def test_width_is_that_of_the_standard_error():
    values = np.random.default_rng(0).normal(3.0, 2.0, 400)
    low, high = bootstrap_interval(values, seed=1)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.12)


def test_the_seed_decides_and_rows_stay_together():
    pairs = np.column_stack([np.arange(50.0), np.arange(50.0)])
    statistic = lambda rows: float((rows[:, 0] - rows[:, 1]).sum())  # noqa: E731
    assert bootstrap_interval(pairs, statistic) == (0.0, 0.0)
    assert bootstrap_interval(np.arange(9), seed=3) == bootstrap_interval(np.arange(9), seed=3)
    values = np.random.default_rng(0).random(9)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_nothing_to_draw_from():
    with pytest.raises(ValueError, match="at least one"):
        bootstrap_interval(np.array([]))


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
        low, high = ratio_intervals(values, weights, seed=trial, draws=300)[0]
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
