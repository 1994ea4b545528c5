"""Crystals by their orbits: against gemmi's groups, the International Tables, and the crystals themselves."""

import gemmi
import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.compact.space_groups import (
    LETTERS,
    Orbits,
    cells_of_group,
    images,
    operations,
    orbits_of,
    placed,
)
from groundstate.crystals.structures import to_structure


@pytest.mark.parametrize("group", range(1, 231))
def test_operations_are_those_of_the_group(group: int) -> None:
    rotations, translations, primitive = operations(group)
    expected = gemmi.find_spacegroup_by_number(group).operations()
    assert len(rotations) == len(translations) == len(list(expected))
    assert cells_of_group(group) == len(expected.cen_ops)
    assert np.isclose(abs(np.linalg.det(primitive)), 1 / len(expected.cen_ops))


def test_multiplicities_are_those_of_the_international_tables() -> None:
    # Fm-3m: 4a, 4b, 8c, 24e, 192l of the conventional cell, a fourth of them in the primitive one
    points = [(0, 0, 0), (0.5, 0.5, 0.5), (0.25, 0.25, 0.25), (0.1, 0, 0), (0.1, 0.23, 0.37)]
    assert [4 * len(images(225, np.array(point))) for point in points] == [4, 4, 8, 24, 192]


def test_rutile_is_two_orbits() -> None:
    lattice = Lattice.tetragonal(4.59, 2.96)
    rutile = Structure.from_spacegroup(136, lattice, ["Ti", "O"], [[0, 0, 0], [0.305, 0.305, 0]])
    found = orbits_of(Crystal("", np.array(rutile.atomic_numbers), rutile.frac_coords, lattice.matrix))
    assert found is not None
    assert found.group == 136
    assert found.numbers.tolist() == [8, 22]
    assert [LETTERS[kind % len(LETTERS)] for kind in found.kinds] == ["f", "a"]


def test_crystals_come_back_from_their_orbits(real: list[Crystal]) -> None:
    matcher, seen = StructureMatcher(), set()
    for crystal in real[:60]:
        orbits = orbits_of(crystal)
        if orbits is None:
            continue
        again = placed(orbits)
        assert again is not None
        assert sorted(again.atomic_numbers) == again.atomic_numbers.tolist() == sorted(crystal.atomic_numbers)
        copy = Crystal("", again.atomic_numbers, again.frac_coords, again.lattice)
        assert matcher.fit(to_structure(copy), to_structure(crystal))
        seen.add(orbits.group)
    assert len(seen) > 15


def test_what_keeps_the_symmetry_keeps_it(real: list[Crystal]) -> None:
    rng = np.random.default_rng(0)
    for crystal in real[:40]:
        orbits = orbits_of(crystal)
        if orbits is None or (one := placed(orbits)) is None:
            continue
        np.testing.assert_allclose(one.displacement @ one.displacement, one.displacement, atol=1e-9)
        np.testing.assert_allclose(one.displacement @ one.spread, one.spread, atol=1e-9)
        moved = one.spread @ rng.normal(0, 0.02, 3 * len(one.atomic_numbers))
        shaken = Crystal("", one.atomic_numbers, one.frac_coords + moved.reshape(-1, 3), one.lattice)
        found = orbits_of(shaken)
        assert found is None or len(operations(found.group).rotations) // cells_of_group(found.group) >= len(
            one.rotations
        )


def test_two_atoms_at_one_place_are_no_crystal() -> None:
    kind = 225 * len(LETTERS)
    kinds, points = np.array([kind, kind]), np.zeros((2, 3))
    assert placed(Orbits(225, np.array([11, 17]), kinds, points, 5.6 * np.eye(3))) is None
