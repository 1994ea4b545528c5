"""Cells against pymatgen, and the log metric."""

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from groundstate.crystals.lattice import (
    cell_from_log_metric,
    cell_from_parameters,
    cell_parameters,
    log_metric,
    niggli,
)


def test_parameters_agree_with_pymatgen(random_crystals: list) -> None:
    for crystal in random_crystals:
        lattice = Lattice(crystal.lattice)
        np.testing.assert_allclose(cell_parameters(crystal.lattice), lattice.parameters, rtol=1e-9)
        back = Lattice(cell_from_parameters(np.array(lattice.parameters)))
        np.testing.assert_allclose(back.parameters, lattice.parameters, rtol=1e-9)


def test_angles_that_close_no_cell_give_nan() -> None:
    assert not np.all(np.isfinite(cell_from_parameters(np.array([5, 5, 5, 20, 20, 120.0]))))


def test_niggli_cell_is_the_same_crystal_and_right_handed(real: list) -> None:
    matcher = StructureMatcher(ltol=0.01, stol=0.01, angle_tol=0.5, primitive_cell=False, scale=False)
    for crystal in real[:12]:
        lattice, frac = niggli(crystal.lattice, crystal.frac_coords)
        assert np.linalg.det(lattice) > 0
        reference = Lattice(crystal.lattice).get_niggli_reduced_lattice()
        np.testing.assert_allclose(cell_parameters(lattice), reference.parameters, atol=0.02)
        before = Structure(crystal.lattice, crystal.atomic_numbers, crystal.frac_coords)
        assert matcher.fit(before, Structure(lattice, crystal.atomic_numbers, frac))


def test_log_metric_keeps_cell_and_volume(real: list, random_crystals: list) -> None:
    for crystal in real + random_crystals:
        six = log_metric(crystal.lattice)
        cell = cell_from_log_metric(six)
        np.testing.assert_allclose(cell_parameters(cell), cell_parameters(crystal.lattice), rtol=1e-6)
        assert abs(np.exp(six[:3].sum()) / abs(np.linalg.det(crystal.lattice)) - 1) < 1e-8


def test_any_six_numbers_are_a_cell_of_positive_volume() -> None:
    six = 8 * np.random.default_rng(0).standard_normal((500, 6))
    cells = cell_from_log_metric(six)
    assert np.all(np.isfinite(cells))
    assert np.all(np.linalg.det(cells) >= 0.5**3 * 0.999)
