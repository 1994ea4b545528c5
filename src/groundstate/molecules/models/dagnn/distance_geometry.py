"""Predicted distances as a prediction: the table as a property, and points by multidimensional scaling."""

import numpy as np

from groundstate.molecules.distance_table import NUMBERS_PER_LINE, PROPERTY
from groundstate.molecules.models.base import Prediction


def prediction_from_distances(distances: np.ndarray) -> Prediction:
    """Make the prediction of a model that gives an (n, n) table, in angstrom, and no points."""
    upper = [f"{value:.7g}" for value in distances[np.triu_indices(len(distances), 1)]]
    lines = [
        " ".join(upper[start : start + NUMBERS_PER_LINE]) for start in range(0, len(upper), NUMBERS_PER_LINE)
    ]
    properties = {"geometry_by": "multidimensional scaling", PROPERTY: "\n".join(lines)}
    return Prediction(scaled_points(distances), properties)


def scaled_points(distances: np.ndarray) -> np.ndarray:
    """Find the points (n, 3) with the Gram matrix nearest to the table's, by classical scaling.

    Distances do not know the hand: which of the two mirror images comes out is arbitrary, and fixed.
    """
    count = len(distances)
    squared = np.square(distances)
    centre = np.eye(count) - 1 / count
    values, vectors = np.linalg.eigh(-0.5 * centre @ squared @ centre)
    points = np.zeros((count, 3))
    for axis in range(min(3, count)):
        vector = vectors[:, -1 - axis]
        sign = np.sign(vector[np.abs(vector).argmax()])
        points[:, axis] = sign * vector * max(values[-1 - axis], 0.0) ** 0.5
    return points
