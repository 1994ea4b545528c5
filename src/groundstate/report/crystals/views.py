"""3D views of crystals: unit cell, atoms with their images on the faces, bonds, across the faces too."""

import itertools

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from pymatgen.core import Element, PeriodicSite, Structure

from groundstate.report.scenes import Layer, Scene

BOND = 1.15  # drawn up to this many sums of covalent radii, and never between two metals
FACE = 0.02  # an atom this close to a face (fractional) is drawn on the opposite face too
HOW_DRAWN = (
    f"Bonds: up to {BOND} sums of covalent radii, none between two metals. Faint atoms lie outside the cell "
    "and end the bonds that cross its faces."
)


def crystal_layer(name: str, crystal: Structure, visible: bool = True, grey: bool = False) -> Layer:
    """Draw the atoms of one cell (wrapped into it) with images on its faces, their bonds, and twelve edges.

    Atoms outside the cell that end a bond of one inside are drawn faintly.
    """
    cell = crystal.lattice.matrix
    wrapped = crystal.frac_coords % 1.0
    wrapped = np.where(wrapped > 1 - FACE, wrapped - 1, wrapped)
    drawn: dict[tuple[int, ...], int] = {}  # atom of the cell and image -> place in the layer
    for index, inside in enumerate(wrapped):
        for shift in itertools.product(*[(0, 1) if abs(value) < FACE else (0,) for value in inside]):
            drawn[index, *shift] = len(drawn)
    count = len(drawn)
    bonds = []
    for first, other in _bonds(crystal, wrapped, list(drawn)):
        second = drawn.setdefault(other, len(drawn))
        if first < second:  # a bond within the cell is met from both ends
            bonds.append((first, second, 1))
    numbers = [crystal.atomic_numbers[index] for index, *_ in drawn]
    places = [", ".join(f"{value:.3f}" for value in inside + 0.0) for inside in wrapped]
    labels = [
        f"{name}: {chemical_symbols[number]}{index + 1} at ({places[index]})"
        f"{', in the next cell' * (place >= count)}"
        for number, ((index, *_), place) in zip(numbers, drawn.items(), strict=True)
    ]
    positions = np.array([wrapped[index] + shift for index, *shift in drawn]) @ cell
    corners = {corner: np.array(corner) @ cell for corner in itertools.product((0, 1), repeat=3)}
    edges = [
        (corners[a], corners[b])
        for a, b in itertools.combinations(sorted(corners), 2)
        if sum(x != y for x, y in zip(a, b, strict=True)) == 1
    ]
    return Layer(name, numbers, positions, labels, bonds, edges, visible, grey, faint=len(drawn) - count)


def _bonds(
    crystal: Structure, wrapped: np.ndarray, drawn: list[tuple[int, ...]]
) -> list[tuple[int, tuple[int, ...]]]:
    """Find what is bonded to each drawn atom: its place, and atom and image of its neighbour."""
    radii = covalent_radii[list(crystal.atomic_numbers)]
    metal = np.array([Element.from_Z(number).is_metal for number in crystal.atomic_numbers])
    home = Structure(crystal.lattice, crystal.species, wrapped)
    sites = [
        PeriodicSite(home[index].species, wrapped[index] + shift, home.lattice) for index, *shift in drawn
    ]
    reach = 2 * BOND * float(radii.max())
    centres, others, images, distances = home.get_neighbor_list(reach, sites, exclude_self=False)
    found = []
    for centre, other, image, distance in zip(centres, others, images, distances, strict=True):
        one = drawn[centre][0]
        near = 1e-3 < distance < BOND * (radii[one] + radii[other])
        if near and not (metal[one] and metal[other]):
            found.append((int(centre), (int(other), *(int(value) for value in image))))
    return sorted(found)


def crystal_scene(view_id: str, title: str, caption: str, crystals: dict[str, Structure]) -> Scene:
    """Draw the last state of a crystal (``relaxed``) in colours; earlier ones are grey and hidden."""
    last = list(crystals)[-1]
    layers = [
        crystal_layer(name, crystal, visible=name == last, grey=name != last)
        for name, crystal in crystals.items()
    ]
    cells = [
        f"{name} {' × '.join(f'{length:.2f}' for length in crystal.lattice.abc)} Å, "
        f"{' / '.join(f'{angle:.0f}' for angle in crystal.lattice.angles)}°"
        for name, crystal in crystals.items()
    ]
    return Scene(view_id, title, f"{caption} Cell {'; '.join(cells)}.".strip(), layers, tilt=(0.35, -0.5))
