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


def calibrated(expected: float, calibration: Mapping[str, Sequence[float]], outside: bool = False) -> float:
    """Give the true error that goes with an expected one, in angstrom.

    Beyond the largest expected error of the validation part it rises in proportion. For a molecule
    ``outside`` of what training has seen, it is at least the largest that the calibration has: a small
    expected error says there only that the model sees no alternative.
    """
    last, largest = calibration["expected"][-1], calibration["error"][-1]
    error = float(np.interp(expected, calibration["expected"], calibration["error"]))
    if expected > last > 0:
        error = largest * expected / last
    return max(error, largest) if outside else error
