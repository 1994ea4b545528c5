"""Each guard on a geometry made to trip it, and on one just inside."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.data import covalent_radii
from ase.neighborlist import primitive_neighbor_list

from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.settings import RelaxSettings

SETTINGS = RelaxSettings()


def dimer(distance, symbols="Ti2", cell=6.0):
    return Atoms(symbols, cell=np.eye(3) * cell, pbc=True, positions=[[0, 0, 0], [distance, 0, 0]])


@pytest.mark.parametrize(
    ("atoms", "words"),
    [
        (bulk("Cu"), None),
        (dimer(1.7), None),  # half the sum of the covalent radii of Ti is 1.60
        (dimer(1.5), "Ti-Ti distance of 1.50"),
        (dimer(5.5), "distance of 0.50"),  # across the boundary
        (dimer(0.45, "H2", 4.0), "distance of 0.45"),
        (Atoms("Ti", cell=[1.2, 6, 6], pbc=True), "Ti-Ti distance of 1.20"),  # an atom and its own image
        (dimer(2.5, cell=15.0), None),
        (Atoms("H", cell=np.eye(3) * 30, pbc=True), "density"),
        (
            Atoms(
                "Os16",
                cell=np.eye(3) * 5,
                pbc=True,
                scaled_positions=np.random.default_rng(0).random((16, 3)),
            ),
            "density",
        ),
        (Atoms("Cu", cell=np.eye(3) * np.nan, pbc=True), "not finite"),
        (Atoms("Cu", cell=np.zeros((3, 3)), pbc=True), "no volume"),
        (Atoms("Cu", cell=[3, 3, 9, 90, 90, 5], pbc=True), "angle of 5.0"),
    ],
)
def test_geometry(atoms, words):
    fault = geometry_fault(atoms, SETTINGS)
    assert fault is None if words is None else words in fault


def test_distances_agree_with_every_image_by_hand():
    generator = np.random.default_rng(3)
    images = np.array(list(np.ndindex(3, 3, 3))) - 1
    for _ in range(30):
        atoms = Atoms("Na3Cl2", cell=np.eye(3) * 5.5 + generator.normal(0, 0.3, (3, 3)), pbc=True)
        atoms.set_scaled_positions(generator.random((5, 3)))
        shifts = images @ atoms.cell.array
        radii = np.where(atoms.numbers == 11, 1.66, 1.02)
        worst = min(
            np.linalg.norm(atoms.positions[i] - atoms.positions[j] + shift) / (0.5 * (radii[i] + radii[j]))
            for i in range(5)
            for j in range(5)
            for shift in shifts
            if i != j or shift.any()
        )
        assert (geometry_fault(atoms, SETTINGS) is None) == (worst >= 1)


def fault_by_ase(atoms):
    """The pair that is nearest below its limit, as words, by another neighbour list."""
    radii = covalent_radii[atoms.numbers]
    limit = max(SETTINGS.minimum_distance, 2 * SETTINGS.radii_fraction * radii.max())
    i, j, distance = primitive_neighbor_list(
        "ijd", np.ones(3, bool), atoms.cell.array, atoms.positions, limit
    )
    allowed = np.maximum(SETTINGS.minimum_distance, SETTINGS.radii_fraction * (radii[i] + radii[j]))
    if not (distance < allowed).any():
        return None
    worst = np.argmin(distance - allowed)
    pair = "-".join(sorted((atoms.symbols[i[worst]], atoms.symbols[j[worst]])))
    return f"a {pair} distance of {distance[worst]:.2f} A (at least {allowed[worst]:.2f})"


def test_the_nearest_pair_is_that_of_another_neighbour_list():
    generator = np.random.default_rng(5)
    faults = []
    for round_ in range(60):
        count = generator.integers(1, 10)
        cell = np.eye(3) * generator.uniform(2.5, 7) + generator.normal(0, 0.5, (3, 3))
        cell[0] *= generator.choice([-1, 1])  # of either hand
        atoms = Atoms(generator.integers(1, 84, count), cell=cell, pbc=bool(round_ % 2))
        atoms.set_scaled_positions(generator.normal(0, 2, (count, 3)))  # outside the cell as well
        fault = geometry_fault(atoms, SETTINGS)
        if fault is None or "distance" in fault:
            faults.append(fault)
            assert fault == fault_by_ase(atoms)
    assert None in faults and len(set(faults)) > 10


@pytest.mark.parametrize(("after", "fine"), [(0.49, False), (0.51, True), (1.99, True), (2.01, False)])
def test_volume(after, fine):
    assert (volume_fault(1.0, after, SETTINGS) is None) is fine
