"""Random crystals with symmetry: spglib finds the symmetry again, atoms keep apart, content as asked."""

from collections import Counter

import numpy as np
import pytest
import spglib
from ase.data import covalent_radii

from groundstate.crystals.lattice import spglib_cell
from groundstate.crystals.structures import to_structure
from groundstate.crystals.symmetric import symmetric_crystal
from groundstate.crystals.templates.elements import expected_volume

CELLS = [{22: 2, 8: 4}, {12: 2, 13: 4, 8: 8}, {11: 1, 17: 1}, {83: 2, 52: 3}, {26: 1}]


@pytest.mark.parametrize("counts", CELLS, ids=str)
def test_a_draw_has_symmetry_the_content_and_a_sensible_volume(counts) -> None:
    numbers = set()
    for seed in range(12):
        crystal = symmetric_crystal(counts, seed)
        assert crystal is not None
        found = Counter(crystal.atomic_numbers.tolist())
        share = sum(found.values()) / sum(counts.values())
        assert found == {number: count * share for number, count in counts.items()}
        volume = abs(np.linalg.det(crystal.lattice)) / expected_volume(crystal.atomic_numbers)
        assert 0.89 < volume < 1.16
        dataset = spglib.get_symmetry_dataset(spglib_cell(crystal), symprec=1e-3)
        assert dataset is not None and dataset.number > 1
        numbers.add(dataset.number)
    assert len(numbers) > 3


@pytest.mark.parametrize("counts", CELLS, ids=str)
def test_atoms_keep_apart(counts) -> None:
    for seed in range(6):
        crystal = symmetric_crystal(counts, seed)
        assert crystal is not None
        one, other, _, distances = to_structure(crystal).get_neighbor_list(4.0)
        radii = covalent_radii[crystal.atomic_numbers]
        assert (distances >= 0.749 * (radii[one] + radii[other])).all()


def test_the_same_seed_gives_the_same_crystal_and_another_another() -> None:
    first, again, other = (symmetric_crystal({22: 2, 8: 4}, seed) for seed in (3, 3, 4))
    assert first is not None and again is not None and other is not None
    assert np.array_equal(first.frac_coords, again.frac_coords)
    assert np.array_equal(first.lattice, again.lattice)
    assert not np.allclose(first.lattice, other.lattice)


def test_known_structures_are_among_the_draws_of_their_content() -> None:
    """Rock salt (225) and caesium chloride (221) have no free place: a draw of their group is one of them."""
    groups = set()
    for seed in range(60):
        crystal = symmetric_crystal({11: 1, 17: 1}, seed)
        assert crystal is not None
        dataset = spglib.get_symmetry_dataset(spglib_cell(crystal), symprec=1e-3)
        assert dataset is not None
        groups.add(dataset.number)
    assert {221, 225} <= groups
