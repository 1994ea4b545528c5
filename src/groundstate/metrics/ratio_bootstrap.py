"""Confidence intervals of ratios of sums, by resampling structures."""

import numpy as np


def ratio_intervals(
    numerators: np.ndarray, denominators: np.ndarray, seed: int, samples: int = 1000, level: float = 0.95
) -> np.ndarray:
    """Percentile intervals of sum(numerator) / sum(denominator) when structures are drawn anew.

    A mean over structures has denominators of one; a metric pooled over atom pairs has the number of pairs,
    so that big molecules weigh in the interval as they do in the value.

    Parameters
    ----------
    numerators, denominators
        (n, m): n structures, m metrics. A structure without a value has zero in both.
    seed
        The same seed and structures give the same interval.

    Returns
    -------
    np.ndarray
        (m, 2): lower and upper bound; NaN where no structure has a value.

    Source: Efron and Tibshirani, An Introduction to the Bootstrap, chapter 13.
    """
    count = len(numerators)
    generator = np.random.default_rng(seed)
    ratios = np.full((samples, numerators.shape[1]), np.nan)
    for row in range(samples if count else 0):
        weights = np.bincount(generator.integers(count, size=count), minlength=count)
        below = weights @ denominators
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios[row] = np.where(below > 0, weights @ numerators / below, np.nan)
    tail = (1 - level) / 2
    bounds = np.full((numerators.shape[1], 2), np.nan)
    for column in np.flatnonzero(~np.isnan(ratios).all(0)):
        bounds[column] = np.nanquantile(ratios[:, column], [tail, 1 - tail])
    return bounds
