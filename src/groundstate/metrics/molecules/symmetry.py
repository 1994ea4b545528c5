"""Distance errors that do not punish equivalent atoms for their numbering."""

import numpy as np
from rdkit import Chem
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist, pdist, squareform

from groundstate.metrics.molecules.distances import DistanceErrors, summed_errors
from groundstate.molecules.equivalence import equivalent_orders, hydrogens_of

MAX_MAPS = 100  # symmetry maps of the heavy atoms that are tried
ROUNDS = 3  # of aligning and assigning


def rotation_onto(moving: np.ndarray, fixed: np.ndarray) -> np.ndarray:
    """Find the rotation R (3, 3) with the least ``|moving @ R - fixed|`` of centred points (Kabsch)."""
    u, _, vt = np.linalg.svd(moving.T @ fixed)
    sign = np.sign(np.linalg.det(u @ vt)) or 1.0
    return u @ np.diag([1.0, 1.0, sign]) @ vt


def symmetric_distance_errors(
    mol: Chem.Mol, predicted: np.ndarray, reference: np.ndarray, distances: np.ndarray | None = None
) -> DistanceErrors:
    """Compute distance errors after the renumbering of equivalent atoms that makes them small.

    For each symmetry map of the heavy atoms (at most 100): align, assign the hydrogens of each heavy atom by
    the Hungarian method, align all atoms, repeat. The given numbering is a candidate too, so the result is
    never above ``distance_errors``. Mirror images are not superposed.

    Parameters
    ----------
    mol
        The molecule of both geometries.
    predicted, reference
        (n, 3), angstrom, in the atom order of ``mol``.
    distances
        (n, n) predicted table where it is not that of ``predicted``, which then only serves to align.
    """
    table = cdist(predicted, predicted) if distances is None else distances
    target = pdist(reference)
    best = squareform(table, checks=False) - target
    groups = hydrogens_of(mol)
    for order in equivalent_orders(mol, MAX_MAPS):
        for _ in range(ROUNDS):
            order = _assign_hydrogens(order, groups, predicted, reference)
            differences = squareform(table[np.ix_(order, order)], checks=False) - target
            if np.abs(differences).sum() < np.abs(best).sum():
                best = differences
    return summed_errors(best, len(predicted))


def _assign_hydrogens(
    order: np.ndarray, groups: dict[int, list[int]], predicted: np.ndarray, reference: np.ndarray
) -> np.ndarray:
    moving, fixed = predicted[order], reference - reference.mean(0)
    moving = moving - moving.mean(0)
    moving = moving @ rotation_onto(moving, fixed)
    order = order.copy()
    for hydrogens in groups.values():
        if len(hydrogens) > 1:
            cost = cdist(fixed[hydrogens], moving[hydrogens], "sqeuclidean")
            order[hydrogens] = order[np.array(hydrogens)[linear_sum_assignment(cost)[1]]]
    return order
