"""CDVAE's structural validity: no two sites closer than half an angstrom, and a cell with volume."""

import numpy as np
from pymatgen.core import Structure

MINIMUM_DISTANCE = 0.5  # angstrom
MINIMUM_VOLUME = 0.1  # cubic angstrom

DEFINITION = {
    "name": "structural validity",
    "version": "cdvae-f857f59",
    "source": "CDVAE (Xie et al., ICLR 2022), scripts/eval_utils.py: smallest periodic distance between "
    "distinct sites >= 0.5 A and cell volume >= 0.1 A^3; self-images are not tested",
}


def shortest_distance(structure: Structure) -> float:
    """Smallest periodic distance between two distinct sites, angstrom; infinite for a single site."""
    distances = structure.distance_matrix
    np.fill_diagonal(distances, np.inf)
    return float(distances.min())


def structure_is_valid(structure: Structure) -> bool:
    """CDVAE's structural validity of one crystal (see ``DEFINITION``)."""
    return bool(structure.volume >= MINIMUM_VOLUME and shortest_distance(structure) >= MINIMUM_DISTANCE)
