"""Random crystals with symmetry: a space group, a cell that it allows, atoms on its orbits.

Source: ab initio random structure searching with symmetry (Pickard and Needs, J. Phys.: Condens. Matter 23,
053201, 2011). Special positions come from the group itself: a random point is moved to the nearest place that
some of its operations leave where it is.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import gemmi
import numpy as np
import spglib
from ase.data import covalent_radii
from ase.geometry import cellpar_to_cell

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import spglib_cell
from groundstate.crystals.templates.elements import expected_volume

NEAREST = 0.75  # least distance as a share of the sum of covalent radii
ATTEMPTS = 400  # groups tried for a crystal
TRIES = 20  # orbits tried at a time
MOST_FIXED = 4  # operations that leave a special position where it is, the identity not counted
VOLUMES = 0.9, 1.15  # of what the elements take in known crystals
SPREAD = 0.35  # of the logarithms of the cell's lengths
_IMAGES = np.array(list(np.ndindex(3, 3, 3))) - 1


class _Group(NamedTuple):
    """Operations of the conventional cell, (n, 3, 3) and (n, 3), how many cells it holds, and its system."""

    rotations: np.ndarray
    translations: np.ndarray
    centring: int
    system: str


@cache
def _group(number: int) -> _Group:
    found = gemmi.find_spacegroup_by_number(number)
    operations = found.operations()
    every = list(operations)
    rotations = np.array([one.rot for one in every]) / gemmi.Op.DEN
    translations = np.array([one.tran for one in every]) / gemmi.Op.DEN % 1.0
    return _Group(rotations, translations, len(operations.cen_ops), found.crystal_system_str())


def symmetric_crystal(counts: Mapping[int, int], seed: int) -> Crystal | None:
    """Draw a crystal with at least the symmetry of a space group other than P 1.

    Parameters
    ----------
    counts
        Atomic number -> atoms in the primitive cell; where a draw repeats within it, its smaller cell is
        given.

    Atoms are no closer than 0.75 times the sum of their covalent radii. None where no group was found that
    holds them.
    """
    generator = np.random.default_rng(seed)
    numbers = np.repeat(list(counts), list(counts.values()))
    volume = float(expected_volume(numbers))
    for _ in range(ATTEMPTS):
        group = _group(int(generator.integers(2, 231)))
        scale = volume * group.centring * generator.uniform(*VOLUMES)
        cell = _cell(group.system, scale, generator)
        placed = _place({z: n * group.centring for z, n in counts.items()}, group, cell, generator)
        if placed is not None:
            conventional = Crystal("", placed[1], placed[0], cell)
            primitive = spglib.find_primitive(spglib_cell(conventional), symprec=1e-3)
            if primitive is not None:
                lattice, points, species = (np.asarray(part) for part in primitive)
                return Crystal("", species.astype(int), points % 1.0, lattice)
    return None


def _cell(system: str, volume: float, generator: np.random.Generator) -> np.ndarray:
    """Draw a cell (rows, angstrom) of a crystal system."""
    a, b, c = np.exp(SPREAD * generator.standard_normal(3))
    alpha, beta, gamma = generator.uniform(70, 110, 3)
    if system != "triclinic":
        alpha = gamma = 90.0
    if system not in ("triclinic", "monoclinic"):
        beta = 90.0
    if system in ("tetragonal", "trigonal", "hexagonal"):
        b = a
    if system in ("trigonal", "hexagonal"):
        gamma = 120.0
    if system == "cubic":
        b = c = a
    cell = cellpar_to_cell([a, b, c, alpha, beta, gamma])
    return cell * (volume / abs(np.linalg.det(cell))) ** (1 / 3)


def _place(
    counts: Mapping[int, int], group: _Group, cell: np.ndarray, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Fill orbits element after element: fractional coordinates and atomic numbers; None where none fit."""
    places, numbers = np.empty((0, 3)), np.empty(0, dtype=int)
    for number in generator.permutation(list(counts)):
        left = counts[number]
        while left:
            for _ in range(TRIES):
                orbit = _orbit(group, generator)
                if len(orbit) <= left and _apart(orbit, int(number), places, numbers, cell):
                    break
            else:
                return None
            places = np.vstack([places, orbit])
            numbers = np.append(numbers, np.full(len(orbit), number))
            left -= len(orbit)
    return places, numbers


def _orbit(group: _Group, generator: np.random.Generator) -> np.ndarray:
    """Draw a point, mostly a special one, and give all points that the group makes of it, (n, 3)."""
    point = generator.random(3)
    if fixed := int(generator.integers(MOST_FIXED + 1)):
        chosen = generator.integers(len(group.rotations), size=fixed)
        rotations, translations = group.rotations[chosen], group.translations[chosen]
        cells = np.round(point - rotations @ point - translations)
        change = (rotations - np.eye(3)).reshape(-1, 3)
        wanted = -(translations + cells).reshape(-1)
        moved = point + np.linalg.pinv(change) @ (wanted - change @ point)
        if np.allclose(change @ moved, wanted, atol=1e-6):
            point = moved
    images = (group.rotations @ point + group.translations + 1e-6) % 1.0 - 1e-6
    return images[np.sort(np.unique(images.round(4), axis=0, return_index=True)[1])]


def _apart(orbit: np.ndarray, number: int, places: np.ndarray, numbers: np.ndarray, cell: np.ndarray) -> bool:
    """Say whether the first atom of an orbit keeps its distance from the others and from what is placed."""
    others = np.vstack([places, orbit])
    radii = covalent_radii[np.append(numbers, np.full(len(orbit), number))]
    between = others - orbit[0]
    between -= np.round(between)
    squares = (((between[:, None] + _IMAGES) @ cell) ** 2).sum(-1)
    itself = (len(numbers), len(_IMAGES) // 2)
    squares[itself] = np.inf
    return bool((squares.min(1) >= (NEAREST * (radii + covalent_radii[number])) ** 2).all())
