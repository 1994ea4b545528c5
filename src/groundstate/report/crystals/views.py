"""3D views of crystals: unit cell, atoms with their images on the faces, bonds within the cell."""

import itertools

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from pymatgen.core import Element, Structure

from groundstate.report.scenes import Layer, Scene

BOND = 1.15  # drawn up to this many sums of covalent radii, and never between two metals
FACE = 0.02  # an atom this close to a face (fractional) is drawn on the opposite face too


def crystal_layer(name: str, crystal: Structure, visible: bool = True) -> Layer:
    """Draw the atoms of one cell (wrapped into it) with images on its faces, and the twelve edges."""
    cell = crystal.lattice.matrix
    numbers, fractional, labels = [], [], []
    for index, (number, position) in enumerate(zip(crystal.atomic_numbers, crystal.frac_coords, strict=True)):
        inside = position % 1.0
        inside = np.where(inside > 1 - FACE, inside - 1, inside)
        place = ", ".join(f"{value:.3f}" for value in inside + 0.0)
        for shift in itertools.product(*[(0, 1) if abs(value) < FACE else (0,) for value in inside]):
            numbers.append(number)
            fractional.append(inside + shift)
            labels.append(f"{name}: {chemical_symbols[number]}{index + 1} at ({place})")
    positions = np.array(fractional) @ cell
    radii = covalent_radii[numbers]
    distances = np.linalg.norm(positions[:, None] - positions[None], axis=-1)
    metal = np.array([Element.from_Z(number).is_metal for number in numbers])
    near = (distances < BOND * (radii[:, None] + radii[None])) & ~(metal[:, None] & metal[None])
    close = np.argwhere(np.triu(near, k=1))
    corners = {corner: np.array(corner) @ cell for corner in itertools.product((0, 1), repeat=3)}
    edges = [
        (corners[a], corners[b])
        for a, b in itertools.combinations(sorted(corners), 2)
        if sum(x != y for x, y in zip(a, b, strict=True)) == 1
    ]
    return Layer(name, numbers, positions, labels, [(int(i), int(j), 1) for i, j in close], edges, visible)


def crystal_scene(view_id: str, title: str, caption: str, crystals: dict[str, Structure]) -> Scene:
    """Draw a crystal as generated; its further states (``relaxed``) are hidden at first, each by its name."""
    layers = [
        crystal_layer(name, crystal, visible=index == 0)
        for index, (name, crystal) in enumerate(crystals.items())
    ]
    lattice = next(iter(crystals.values())).lattice
    lengths = " × ".join(f"{value:.2f}" for value in lattice.abc)
    angles = " / ".join(f"{value:.0f}" for value in lattice.angles)
    return Scene(view_id, title, f"{caption} Cell {lengths} Å, {angles}°.".strip(), layers, tilt=(0.35, -0.5))
