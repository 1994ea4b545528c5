"""Crystals as a space group and the orbits that their atoms stand on, and back, in reduced cells.

A *kind* of orbit is a Wyckoff position of a space group in spglib's standard setting, numbered
``27 * group + letter``. Where its points lie is taken from crystals: one point of each kind, with what is
free in it at zero.
"""

import itertools
from functools import cache
from typing import NamedTuple

import numpy as np
import spglib

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import niggli, spglib_cell
from groundstate.crystals.space_group import SYMPREC

LETTERS = "abcdefghijklmnopqrstuvwxyzA"
KINDS = 231 * len(LETTERS)
SAME = 1e-3  # of a cell, up to which two points are one


class Operations(NamedTuple):
    """Of a conventional cell: rotations (m, 3, 3) and translations (m, 3); rows of a primitive cell in it."""

    rotations: np.ndarray
    translations: np.ndarray
    primitive: np.ndarray


class Orbits(NamedTuple):
    """A crystal by its symmetry.

    Attributes
    ----------
    group
        Number of the space group.
    numbers, kinds
        (k,) atomic number and kind of each orbit, in this order.
    points
        (k, 3) a point of each orbit, conventional fractional coordinates.
    lattice
        (3, 3) the conventional cell, angstrom.
    """

    group: int
    numbers: np.ndarray
    kinds: np.ndarray
    points: np.ndarray
    lattice: np.ndarray


class Symmetric(NamedTuple):
    """A crystal in its reduced cell, atoms by atomic number, and what leaves it as it is.

    Attributes
    ----------
    atomic_numbers, frac_coords, lattice
        (n,), (n, 3) and (3, 3).
    rotations
        (g, 3, 3) of fractional coordinates (columns).
    displacement
        (3 n, 3 n) projects displacements of the atoms to those that keep the symmetry.
    spread
        (3 n, 3 n) carries the displacement of one atom of each orbit, its free part, to the others.
    """

    atomic_numbers: np.ndarray
    frac_coords: np.ndarray
    lattice: np.ndarray
    rotations: np.ndarray
    displacement: np.ndarray
    spread: np.ndarray


@cache
def _settings() -> dict[int, int]:
    """Return the first, standard Hall number of each space group."""
    found: dict[int, int] = {}
    for hall in range(1, 531):
        kind = spglib.get_spacegroup_type(hall)
        if kind is not None:
            found.setdefault(int(kind.number), hall)
    return found


@cache
def operations(group: int) -> Operations:
    """Return the operations of a space group in spglib's standard setting."""
    found = spglib.get_symmetry_from_database(_settings()[group])
    if found is None:
        raise ValueError(f"there is no space group {group}")
    rotations, translations = np.asarray(found["rotations"], float), np.asarray(found["translations"])
    centring = translations[(rotations == np.eye(3)).all((1, 2))]
    rows = np.vstack([centring[np.any(centring > 1e-6, axis=1)], np.eye(3)])
    wanted = 1 / len(centring)
    threes = (rows[list(chosen)] for chosen in itertools.combinations(range(len(rows)), 3))
    primitive = next(three for three in threes if np.isclose(abs(np.linalg.det(three)), wanted))
    return Operations(rotations, translations, primitive)


@cache
def cells_of_group(group: int) -> int:
    """Return how many primitive cells the conventional one holds."""
    return round(1 / abs(float(np.linalg.det(operations(group).primitive))))


def images(group: int, point: np.ndarray) -> np.ndarray:
    """Return the points of an orbit in the primitive cell, (m, 3) conventional coordinates."""
    rotations, translations, primitive = operations(group)
    inside = (rotations @ point + translations) @ np.linalg.inv(primitive)
    return inside[_first_of_each(inside)] @ primitive


def free_part(group: int, point: np.ndarray) -> np.ndarray:
    """Return (3, 3), which projects a displacement of a point to those that keep it on its position."""
    rotations, translations, _ = operations(group)
    moved = rotations @ point + translations - point
    return rotations[(np.abs(moved - np.round(moved)) < SAME).all(-1)].mean(0)


def orbits_of(crystal: Crystal) -> Orbits | None:
    """Describe a crystal; None where its cell is no primitive one or spglib finds no symmetry."""
    cell = spglib_cell(crystal)
    found = spglib.get_symmetry_dataset(cell, symprec=SYMPREC)
    if found is None:
        return None
    group = int(found.number)
    if len(found.std_types) != cells_of_group(group) * len(crystal.atomic_numbers):
        return None
    of_primitive = {int(place): atom for atom, place in enumerate(found.mapping_to_primitive)}
    rows: dict[int, tuple[int, int, np.ndarray]] = {}
    for place, point in zip(found.std_mapping_to_primitive, found.std_positions, strict=True):
        atom = of_primitive[int(place)]
        kind = len(LETTERS) * group + LETTERS.index(found.wyckoffs[atom])
        number = int(crystal.atomic_numbers[atom])
        rows.setdefault(int(found.crystallographic_orbits[atom]), (number, kind, np.asarray(point)))
    numbers, kinds, points = zip(*sorted(rows.values(), key=lambda row: row[:2]), strict=True)
    return Orbits(group, np.array(numbers), np.array(kinds), np.array(points), np.asarray(found.std_lattice))


def symmetric_metric(rotations: np.ndarray, metric: np.ndarray) -> np.ndarray:
    """Return the mean of a metric (3, 3) over rotations (g, 3, 3) of fractional coordinates."""
    return np.einsum("gxa,xy,gyb->ab", rotations, metric, rotations) / len(rotations)


def placed(orbits: Orbits) -> Symmetric | None:
    """Make the crystal of some orbits; None where two of its atoms are one.

    The cell is made to obey the group.
    """
    rotations, translations, primitive = operations(orbits.group)
    metric = symmetric_metric(rotations, orbits.lattice @ orbits.lattice.T)
    conventional = np.linalg.cholesky(metric)
    lattice, _ = niggli(primitive @ conventional, np.zeros((1, 3)))
    change = conventional @ np.linalg.inv(lattice)  # of rows of fractional coordinates
    turned = np.round(change.T @ rotations @ np.linalg.inv(change.T))
    shifts = translations @ change
    _, once = np.unique(turned.reshape(-1, 9), axis=0, return_index=True)
    turned, shifts = turned[np.sort(once)], shifts[np.sort(once)]
    points, numbers, blocks = [], [], []
    for number, point in zip(orbits.numbers, orbits.points, strict=True):
        every = turned @ (point @ change) + shifts
        first = _first_of_each(every)
        atoms = every[first]
        between = every[:, None] - atoms
        which = np.square(between - np.round(between)).sum(-1).argmin(1)
        points.append(atoms)
        numbers += [int(number)] * len(atoms)
        blocks.append(_projections(turned, first, which))
    places = np.concatenate(points)
    if len(_first_of_each(places)) < len(places):
        return None
    order = np.argsort(numbers, kind="stable")
    atoms = (3 * order[:, None] + np.arange(3)).ravel()
    displacement, spread = (_diagonal(part)[np.ix_(atoms, atoms)] for part in zip(*blocks, strict=True))
    return Symmetric(np.array(numbers)[order], places[order] % 1.0, lattice, turned, displacement, spread)


def _projections(
    rotations: np.ndarray, first: np.ndarray, which: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return ``displacement`` and ``spread`` of one orbit.

    Operation ``first[i]`` brings its first atom to atom i, operation g to atom ``which[g]``.
    """
    size = len(first)
    to_atoms = rotations[first].reshape(3 * size, 3)
    back = np.zeros((3, size, 3))
    for rotation, atom in zip(np.linalg.inv(rotations), which, strict=True):
        back[:, atom] += rotation / len(rotations)
    free = rotations[which == 0].mean(0)
    spread = np.zeros((3 * size, 3 * size))
    spread[:, :3] = to_atoms @ free
    return to_atoms @ back.reshape(3, 3 * size), spread


def _diagonal(blocks: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return square blocks along a diagonal."""
    size = sum(len(block) for block in blocks)
    table, start = np.zeros((size, size)), 0
    for block in blocks:
        end = start + len(block)
        table[start:end, start:end] = block
        start = end
    return table


def _first_of_each(points: np.ndarray) -> np.ndarray:
    """Return the indices of the points (n, 3) that are no earlier point, whole periods apart."""
    between = points[:, None] - points
    same = (np.abs(between - np.round(between)) < SAME).all(-1)
    return np.flatnonzero(same.argmax(1) == np.arange(len(points)))
