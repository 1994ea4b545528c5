"""The bootstrap interval against the normal approximation of a mean."""

import numpy as np
import pytest

from groundstate.metrics.bootstrap import bootstrap_interval


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
