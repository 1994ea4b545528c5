"""Which geometries of one molecule are different minima."""

from collections.abc import Sequence

import numpy as np
from scipy.spatial.distance import pdist

SAME_ENERGY, SAME_SHAPE = 0.05, 0.1  # kcal/mol, angstrom: two minimisations of one minimum


def distinct(energies: Sequence[float], geometries: Sequence[np.ndarray]) -> list[int]:
    """Choose the different ones of ``geometries`` (n, 3) of one molecule: their indices, lowest energy first.

    Two are one where their energies (kcal/mol) and their sorted distances agree: sorted distances know
    neither the numbering of equivalent atoms nor the hand. Energies that are not finite come last.
    """
    shapes = [np.sort(pdist(one)) for one in geometries]
    kept: list[int] = []
    for index in sorted(range(len(geometries)), key=lambda i: (not np.isfinite(energies[i]), energies[i], i)):
        if not any(
            abs(energies[index] - energies[other]) < SAME_ENERGY
            and np.abs(shapes[index] - shapes[other]).max(initial=0.0) < SAME_SHAPE
            for other in kept
        ):
            kept.append(index)
    return kept
