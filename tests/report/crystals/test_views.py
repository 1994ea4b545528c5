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
    for i, j in itertools.combinations(range(len(layer.numbers)), 2):
        distance = np.linalg.norm(layer.positions[i] - layer.positions[j])
        assert ((i, j) in found) == (distance == pytest.approx(2.82))
    iron = crystal_layer("generated", Structure(Lattice.cubic(2.87), ["Fe", "Fe"], [[0] * 3, [0.5] * 3]))
    assert iron.bonds == []


def test_scene_shows_the_first_state_and_names_the_cell():
    first, second = Structure(CUBIC, ["Fe"], [[0] * 3]), Structure(Lattice.cubic(3.9), ["Fe"], [[0] * 3])
    scene = crystal_scene("v", "Fe", "On the hull.", {"generated": first, "relaxed": second})
    assert [layer.visible for layer in scene.layers] == [True, False]
    assert scene.caption == "On the hull. Cell 4.00 × 4.00 × 4.00 Å, 90 / 90 / 90°."
