"""Encode and decode are inverse, and the table is the periodic table."""

import numpy as np
import pytest
from pymatgen.core import Element

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import cell_parameters
from groundstate.crystals.models.grid import CELL_OF, NUMBER_AT, DoesNotFit, PeriodicGrid

GRIDS = [
    PeriodicGrid(20),
    PeriodicGrid(20, encoding="presence", lowest=-0.25),
    PeriodicGrid(20, encoding="presence", coordinates="cartesian"),
]


def test_every_element_has_its_own_cell_and_pymatgen_agrees_outside_the_f_block() -> None:
    assert len({tuple(cell) for cell in CELL_OF[1:]}) == 118
    for number in range(1, 119):
        row, column = CELL_OF[number]
        assert NUMBER_AT[row, column] == number
        element = Element.from_Z(number)
        if row < 7:
            assert row + 1 == element.row
            assert column + 1 == (3 if number in (71, 103) else element.group)
        else:
            assert row - 2 + 1 == element.row
    assert {n for n in range(1, 119) if CELL_OF[n, 0] >= 7} == {*range(57, 71), *range(89, 103)}


def same(one: Crystal, other: Crystal) -> None:
    """Composition, cell, and sites up to order within an element."""
    assert sorted(one.atomic_numbers) == sorted(other.atomic_numbers)
    np.testing.assert_allclose(cell_parameters(one.lattice), cell_parameters(other.lattice), atol=1e-5)
    for number in np.unique(one.atomic_numbers):
        first, second = (c.frac_coords[c.atomic_numbers == number] for c in (one, other))
        away = first[:, None] - second
        distance = np.abs(away - np.round(away)).max(-1)
        assert np.all(distance.min(0) < 1e-5) and np.all(distance.min(1) < 1e-5)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: f"{grid.encoding}-{grid.coordinates}")
def test_decode_inverts_encode(grid: PeriodicGrid, real: list, random_crystals: list) -> None:
    for crystal in real + random_crystals:
        tensor, parameters = grid.encode(crystal)
        assert tensor.shape == grid.shape
        if grid.coordinates == "fractional":
            present = tensor[..., 3] > 0 if grid.encoding == "presence" else tensor[..., 0] > -1
            values = tensor[present][:, :3]
            assert values.min() >= grid.lowest and values.max() < grid.lowest + 1
        same(crystal, grid.decode(tensor, parameters))


def test_an_empty_cell_of_the_table_never_becomes_an_atom() -> None:
    grid = PeriodicGrid(1)
    tensor = np.full(grid.shape, 0.5)
    crystal = grid.decode(tensor, np.array([9, 9, 9, 90, 90, 90.0]))
    assert sorted(crystal.atomic_numbers) == list(range(1, 119))


def test_too_many_atoms_of_an_element_do_not_fit(real: list) -> None:
    deep = max(real, key=lambda crystal: np.bincount(crystal.atomic_numbers).max())
    most = int(np.bincount(deep.atomic_numbers).max())
    PeriodicGrid(most).encode(deep)
    with pytest.raises(DoesNotFit, match=f"{most} atoms"):
        PeriodicGrid(most - 1).encode(deep)
