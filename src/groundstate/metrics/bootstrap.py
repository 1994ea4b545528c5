"""Percentile bootstrap intervals over structures, seeded.

Source: Efron, Ann. Stat. 7, 1 (1979); Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
"""

from collections.abc import Callable, Iterator

import numpy as np

LEVEL = 0.95


def bootstrap_interval(
    values: np.ndarray,
    statistic: Callable[[np.ndarray], float] = np.mean,
    seed: int = 0,
    draws: int = 1000,
) -> tuple[float, float]:
    """Bound ``statistic`` over resampled rows of ``values``: a 95 % interval.

    Parameters
    ----------
    values
        One row per structure, shape (n,) or (n, k); n >= 1.
    statistic
        Maps resampled rows to a number.
    seed
        The same seed and values give the same interval.
    draws
        Number of resamplings.

    Raises
    ------
    ValueError
        For no rows.
    """
    values = np.asarray(values)
    if len(values) == 0:
        raise ValueError("a bootstrap interval needs at least one structure")
    drawn = [float(statistic(values[rows])) for rows in _resamplings(len(values), seed, draws)]
    low, high = np.quantile(drawn, tails())
    return float(low), float(high)


def ratio_intervals(
    numerators: np.ndarray, denominators: np.ndarray, seed: int, draws: int = 1000
) -> np.ndarray:
    """Bound sum(numerator) / sum(denominator) over resampled structures: 95 % intervals.

    A mean over structures has denominators of one; a metric pooled over atom pairs has the number of pairs,
    so that big molecules weigh in the interval as they do in the value.

    Parameters
    ----------
    numerators, denominators
        (n, m): n structures, m metrics. A structure without a value has zero in both.
    seed
        The same seed and structures give the same interval.
    draws
        Number of resamplings.

    Returns
    -------
    np.ndarray
        (m, 2): lower and upper bound; NaN where no structure has a value.
    """
    ratios = ratio_draws(numerators, denominators, seed, draws)
    bounds = np.full((numerators.shape[1], 2), np.nan)
    for column in np.flatnonzero(~np.isnan(ratios).all(0)):
        bounds[column] = np.nanquantile(ratios[:, column], tails())
    return bounds


def ratio_draws(numerators: np.ndarray, denominators: np.ndarray, seed: int, draws: int = 1000) -> np.ndarray:
    """Resample sum(numerator) / sum(denominator): (draws, m), columns drawn together; see `ratio_intervals`.

    NaN where no drawn structure has a value.
    """
    count, metrics = numerators.shape
    ratios = np.full((draws if count else 0, metrics), np.nan)
    for row, rows in enumerate(_resamplings(count, seed, draws)):
        weights = np.bincount(rows, minlength=count)
        below = weights @ denominators
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios[row] = np.where(below > 0, weights @ numerators / below, np.nan)
    return ratios


def _resamplings(count: int, seed: int, draws: int) -> Iterator[np.ndarray]:
    """Draw indices (count,) of structures with replacement; none where there are none."""
    generator = np.random.default_rng(seed)
    for _ in range(draws if count else 0):
        yield generator.integers(count, size=count)


def tails() -> list[float]:
    """Give the two quantiles that a 95 % interval lies between."""
    tail = (1 - LEVEL) / 2
    return [tail, 1 - tail]
