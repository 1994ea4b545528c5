"""CDVAE's structural validity: no two sites closer than half an angstrom, and a cell with volume."""

import numpy as np
from pymatgen.core import Structure

from groundstate.metrics.definition import SHARE, Definition

MINIMUM_DISTANCE = 0.5  # angstrom
MINIMUM_VOLUME = 0.1  # cubic angstrom

DEFINITION = Definition(
    "share with a smallest periodic distance between distinct sites >= 0.5 A and a cell volume >= 0.1 A^3; "
    "self-images are not tested",
    "CDVAE (Xie et al., ICLR 2022), scripts/eval_utils.py",
    SHARE,
    "higher",
    "Structurally valid",
    "cdvae-f857f59",
    digits=1,
)


def shortest_distance(structure: Structure) -> float:
    """Find the smallest periodic distance between two sites, angstrom; infinite for a single site."""
    distances = structure.distance_matrix
    np.fill_diagonal(distances, np.inf)
    return float(distances.min())


def structure_is_valid(structure: Structure, shortest: float | None = None) -> bool:
    """Judge one crystal by CDVAE's structural validity (see ``DEFINITION``).

    ``shortest`` is its shortest distance (angstrom), where that is known.
    """
    if shortest is None:
        shortest = shortest_distance(structure)
    return bool(structure.volume >= MINIMUM_VOLUME and shortest >= MINIMUM_DISTANCE)
