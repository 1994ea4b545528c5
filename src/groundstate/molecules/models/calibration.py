"""From the risk that a model works out for itself to the error that its geometries really had."""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.optimize import isotonic_regression

FEWEST = 50  # molecules of the validation part that a calibration takes


def calibrate(risks: Sequence[float], errors: Sequence[float]) -> dict[str, list[float]] | None:
    """Isotonic regression of the errors on the risks, as the corners of a rising line; None with few
    molecules."""
    if len(risks) < FEWEST:
        return None
    order = np.argsort(risks, kind="stable")
    risk, fitted = np.asarray(risks, float)[order], isotonic_regression(np.asarray(errors, float)[order])
    middles = [
        (float(risk[begin:end].mean()), float(fitted.x[begin]))
        for begin, end in zip(fitted.blocks[:-1], fitted.blocks[1:], strict=True)
    ]
    return {"risk": [middle[0] for middle in middles], "error": [middle[1] for middle in middles]}


def calibrated(risk: float, calibration: Mapping[str, Sequence[float]]) -> float:
    """The error to expect at ``risk``."""
    return float(np.interp(risk, calibration["risk"], calibration["error"]))
