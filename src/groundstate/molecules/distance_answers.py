"""Predicted distances as an SDF record: the table as a property, and points by multidimensional scaling."""

import numpy as np

from groundstate.molecules.answer import Answer

PROPERTY = "distances"  # of the SDF: the upper triangle, row by row, angstrom
A_LINE = 16  # numbers; SDF lines stay below 200 characters


def answer_from_distances(distances: np.ndarray) -> Answer:
    """The answer of a model that predicts an (n, n) table and no points."""
    upper = [f"{value:.7g}" for value in distances[np.triu_indices(len(distances), 1)]]
    lines = [" ".join(upper[start : start + A_LINE]) for start in range(0, len(upper), A_LINE)]
    properties = {"geometry_by": "multidimensional scaling", PROPERTY: "\n".join(lines)}
    return Answer(scaled_points(distances), properties)


def table_from_text(text: str, atoms: int) -> np.ndarray:
    """The (n, n) table of the property; ``ValueError`` where it does not belong to ``atoms`` atoms."""
    values = np.array(text.split(), float)
    table = np.zeros((atoms, atoms))
    table[np.triu_indices(atoms, 1)] = values
    return table + table.T


def scaled_points(distances: np.ndarray) -> np.ndarray:
    """Classical multidimensional scaling: the points (n, 3) with the Gram matrix nearest to the table's.

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
