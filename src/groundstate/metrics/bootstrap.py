"""Percentile bootstrap intervals over structures (Efron 1979), seeded."""

from collections.abc import Callable

import numpy as np


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.mean,
    seed: int = 0,
    draws: int = 1000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of ``statistic`` over resampled rows of ``values``.

    Parameters
    ----------
    values
        One row a structure, shape (n,) or (n, k); n >= 1.
    statistic
        Maps resampled rows to a number.

    Raises ``ValueError`` for no rows.
    """
    values = np.asarray(values)
    if len(values) == 0:
        raise ValueError("a bootstrap interval needs at least one structure")
    generator = np.random.default_rng(seed)
    found = [
        float(statistic(values[generator.integers(len(values), size=len(values))])) for _ in range(draws)
    ]
    tail = (1 - level) / 2
    low, high = np.quantile(found, [tail, 1 - tail])
    return float(low), float(high)
