"""Unit cells as they are drawn: images on faces, edges, bonds."""

import itertools

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from groundstate.report.crystals.views import crystal_layer, crystal_scene

CUBIC = Lattice.cubic(4.0)


@pytest.mark.parametrize(
    ("position", "images"),
    [([0.5, 0.5, 0.5], 1), ([0.5, 0.5, 0], 2), ([0.5, 0, 0], 4), ([0, 0, 0], 8), ([0.999, -1.001, 7], 8)],
)
def test_atoms_on_faces_edges_and_corners_are_repeated(position, images):
    layer = crystal_layer("generated", Structure(CUBIC, ["Fe"], [position]))
    assert len(layer.positions) == images
    assert len({tuple(np.round(p, 6)) for p in layer.positions}) == images
    assert np.all((layer.positions > -0.1) & (layer.positions < 4.1))


def test_every_image_is_the_same_atom_modulo_the_lattice():
    structure = Structure(
        Lattice.from_parameters(4, 5, 6, 80, 95, 110), ["Na", "Cl"], [[0, 0.3, 0.99], [0.5] * 3]
    )
    layer = crystal_layer("generated", structure)
    fractional = np.linalg.solve(structure.lattice.matrix.T, layer.positions.T).T
    for number, position in zip(layer.numbers, fractional, strict=True):
        shift = position - structure.frac_coords[structure.atomic_numbers.index(number)]
        assert np.allclose(shift, np.round(shift), atol=1e-8)


def test_twelve_edges_of_the_cell():
    layer = crystal_layer("generated", Structure(CUBIC, ["Fe"], [[0.5] * 3]))
    assert len(layer.lines) == 12
    assert all(np.linalg.norm(a - b) == pytest.approx(4.0) for a, b in layer.lines)


def test_bonds_join_neighbours_but_never_two_metals():
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3])
    layer = crystal_layer("generated", salt)
    found = {(i, j) for i, j, _ in layer.bonds}
    inside = len(layer.numbers) - layer.faint
    for i, j in itertools.combinations(range(len(layer.numbers)), 2):
        distance = np.linalg.norm(layer.positions[i] - layer.positions[j])
        assert ((i, j) in found) == (distance == pytest.approx(2.82) and i < inside)
    iron = crystal_layer("generated", Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0] * 3, [0.5] * 3]))
    assert iron.bonds == [] and iron.faint == 0


def test_bonds_across_the_faces_end_at_faint_atoms_outside():
    quartz = Structure(Lattice.cubic(3.0), ["Si", "O"], [[0.5] * 3, [0.9, 0.5, 0.5]])  # O: 1.2 and 1.8 away
    layer = crystal_layer("relaxed", quartz)
    assert layer.numbers == [14, 8, 8, 14] and layer.faint == 2
    assert {(i, j) for i, j, _ in layer.bonds} == {(0, 1), (0, 2), (1, 3)}
    assert layer.positions[2] == pytest.approx([-0.3, 1.5, 1.5])
    assert layer.positions[3] == pytest.approx([4.5, 1.5, 1.5])
    assert [label.endswith("in the next cell") for label in layer.labels] == [False, False, True, True]


def test_every_atom_of_the_cell_has_all_its_bonds():
    salt = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5] * 3])
    layer = crystal_layer("generated", salt)
    ends = np.bincount([place for i, j, _ in layer.bonds for place in (i, j)])
    assert set(ends[: len(layer.numbers) - layer.faint]) == {6}


def test_scene_shows_the_last_state_and_names_both_cells():
    first, second = Structure(CUBIC, ["Fe"], [[0] * 3]), Structure(Lattice.cubic(3.9), ["Fe"], [[0] * 3])
    scene = crystal_scene("v", "Fe", "On the hull.", {"generated": first, "relaxed": second})
    assert [layer.visible for layer in scene.layers] == [False, True]
    assert scene.grey == "generated"
    assert scene.caption == (
        "On the hull. Cell generated 4.00 × 4.00 × 4.00 Å, 90 / 90 / 90°; "
        "relaxed 3.90 × 3.90 × 3.90 Å, 90 / 90 / 90°."
    )
