"""Whether the errors that a model estimates are the errors that it makes."""

from collections.abc import Sequence

import numpy as np
from scipy.stats import spearmanr

BINS = 10


def reliability(estimates: Sequence[float], errors: Sequence[float]) -> dict:
    """Compare estimated with true errors in bins of equal count, from the smallest estimate to the largest.

    Returns
    -------
    dict
        ``n``; ``mean_estimate``, ``mean_error``; ``spearman`` rank correlation; ``calibration_error``, the
        mean distance between mean estimate and mean error of a bin (in their unit); ``bins`` of
        ``estimate``, ``error``, ``n``.

    Raises
    ------
    ValueError
        Where there are no pairs, or not as many estimates as errors.
    """
    estimate, error = np.asarray(estimates, float), np.asarray(errors, float)
    if estimate.shape != error.shape or not len(estimate):
        raise ValueError(f"{len(estimate)} estimates for {len(error)} errors")
    parts = [part for part in np.array_split(np.argsort(estimate, kind="stable"), BINS) if len(part)]
    bins = [
        {"estimate": float(estimate[part].mean()), "error": float(error[part].mean()), "n": len(part)}
        for part in parts
    ]
    varied = np.ptp(estimate) > 0 and np.ptp(error) > 0
    gaps = [abs(entry["estimate"] - entry["error"]) * entry["n"] for entry in bins]
    return {
        "n": len(estimate),
        "mean_estimate": float(estimate.mean()),
        "mean_error": float(error.mean()),
        "spearman": float(spearmanr(estimate, error).statistic) if varied else None,
        "calibration_error": sum(gaps) / len(estimate),
        "bins": bins,
    }
