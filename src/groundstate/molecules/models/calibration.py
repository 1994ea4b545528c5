"""From the error that a model expects by itself to the error that its geometries really had."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import isotonic_regression

FEWEST = 50  # molecules of the validation part that a calibration takes

Calibration = dict[str, list[float]]


def calibrate(expected: Sequence[float], errors: Sequence[float]) -> Calibration | None:
    """Fit an isotonic regression of true errors on expected ones.

    Gives the corners of a rising line; None with few molecules.
    """
    if len(expected) < FEWEST:
        return None
    order = np.argsort(expected, kind="stable")
    ascending, fitted = (
        np.asarray(expected, float)[order],
        isotonic_regression(np.asarray(errors, float)[order]),
    )
    middles = [
        (float(ascending[begin:end].mean()), float(fitted.x[begin]))
        for begin, end in zip(fitted.blocks[:-1], fitted.blocks[1:], strict=True)
    ]
    return {"expected": [middle[0] for middle in middles], "error": [middle[1] for middle in middles]}


def calibrated(expected: float, calibration: Mapping[str, Sequence[float]]) -> float:
    """Give the true error that goes with an expected one."""
    return float(np.interp(expected, calibration["expected"], calibration["error"]))
