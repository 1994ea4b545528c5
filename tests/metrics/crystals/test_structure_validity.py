"""CDVAE's structural validity on hand-made cells."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from groundstate.metrics.crystals.structure_validity import shortest_distance, structure_is_valid


@pytest.mark.parametrize(("gap", "valid"), [(0.49, False), (0.51, True)])
def test_half_an_angstrom_decides_across_the_boundary_too(gap, valid):
    a = 4.0
    structure = Structure(Lattice.cubic(a), ["Na", "Cl"], [[0.02, 0, 0], [0.02 - gap / a, 0, 0]])
    assert shortest_distance(structure) == pytest.approx(gap)
    assert structure_is_valid(structure) is valid


def test_self_images_are_not_tested():
    assert structure_is_valid(Structure(Lattice.orthorhombic(0.4, 3, 3), ["Na"], [[0, 0, 0]]))


def test_volume_decides():
    assert not structure_is_valid(Structure(Lattice.cubic(0.46), ["Na"], [[0, 0, 0]]))
    assert structure_is_valid(Structure(Lattice.cubic(0.47), ["Na"], [[0, 0, 0]]))


def test_agrees_with_a_sum_over_images():
    generator = np.random.default_rng(0)
    lattice = Lattice.from_parameters(3.1, 4.2, 5.3, 70, 95, 110)
    coords = generator.random((5, 3))
    images = np.array(list(np.ndindex(5, 5, 5))) - 2
    best = min(
        np.linalg.norm((coords[i] - coords[j] + images) @ lattice.matrix, axis=1).min()
        for i in range(5)
        for j in range(i)
    )
    assert shortest_distance(Structure(lattice, ["C"] * 5, coords)) == pytest.approx(best)
