"""Distance errors of Molecule3D (ordered pairs, diagonal out) and of the GTMGC line (diagonal in)."""

from typing import NamedTuple

import numpy as np
from scipy.spatial.distance import pdist, squareform


class DistanceErrors(NamedTuple):
    """Sums over the ordered atom pairs of one molecule; pooled metrics are ratios of their sums."""

    absolute: float  # angstrom
    squared: float  # angstrom^2
    pairs: int  # n (n - 1)
    entries: int  # n^2: the GTMGC line counts the zeros on the diagonal too


def distance_errors(predicted: np.ndarray, reference: np.ndarray) -> DistanceErrors:
    """Compute the errors of all distances between two geometries of the same atoms, in index order.

    Parameters
    ----------
    predicted, reference
        (n, 3), angstrom.

    Notes
    -----
    MAE = sum(absolute) / sum(pairs) and RMSE = sqrt(sum(squared) / sum(pairs)) over all molecules:
    Molecule3D (Xu et al., arXiv 2110.01717). D-MAE and D-RMSE divide by sum(entries): GTMGC (Xu et al., ICLR
    2024) and followers.
    """
    return summed_errors(pdist(predicted) - pdist(reference), len(predicted))


def table_errors(distances: np.ndarray, reference: np.ndarray) -> DistanceErrors:
    """Compute the same for a predicted (n, n) table of distances, which need not belong to points."""
    return summed_errors(squareform(distances, checks=False) - pdist(reference), len(reference))


def summed_errors(differences: np.ndarray, atoms: int) -> DistanceErrors:
    """Sum the errors of the n (n - 1) / 2 unordered pairs."""
    return DistanceErrors(
        2 * float(np.abs(differences).sum()),
        2 * float(np.square(differences).sum()),
        atoms * (atoms - 1),
        atoms * atoms,
    )
