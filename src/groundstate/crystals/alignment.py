"""One crystal written in the frame of another of the same content: its cell, its origin, its order of atoms.

Two crystals of one structure type can be written in a thousand ways each. Aligned, what differs between them
is what differs between the structures, atom by atom and cell vector by cell vector.
"""

import itertools
from functools import cache
from typing import NamedTuple

import numpy as np
from scipy.optimize import linear_sum_assignment

MOST_CELLS, MOST_TRIED = 24, 6  # cells that are tried, and placements whose atoms are assigned exactly
SLACK = 0.15  # of the distance of scaled metrics above the nearest cell's, up to which a cell is tried


class Aligned(NamedTuple):
    """A crystal in another's frame.

    Attributes
    ----------
    lattice
        (3, 3) cell vectors, rows, angstrom; an equivalent cell of the crystal or of its mirror image.
    frac_coords
        (n, 3) in the order of the template's atoms, each within half a cell of its template.
    distance
        Root mean square displacement of the atoms over the cube root of the volume per atom, cells apart.
    strain
        Distance (Frobenius) of the metrics, each scaled to unit volume.
    """

    lattice: np.ndarray
    frac_coords: np.ndarray
    distance: float
    strain: float


@cache
def _changes() -> tuple[np.ndarray, np.ndarray]:
    """Return rows (27, 3) of -1, 0 and 1, and the threes of them whose determinant is 1: (3480, 3)."""
    rows = np.array(list(itertools.product((-1, 0, 1), repeat=3)), dtype=float)
    threes = np.array(list(itertools.product(range(len(rows)), repeat=3)))
    return rows, threes[np.isclose(np.linalg.det(rows[threes]), 1.0)]


def align(
    numbers: np.ndarray,
    lattice: np.ndarray,
    frac_coords: np.ndarray,
    template_lattice: np.ndarray,
    template_frac: np.ndarray,
    template_numbers: np.ndarray,
) -> Aligned:
    """Write a crystal so that it lies as near as can be to a template of the same content.

    Parameters
    ----------
    numbers, lattice, frac_coords
        (n,), (3, 3), (n, 3): the crystal, in a reduced cell.
    template_lattice, template_frac, template_numbers
        The template in a reduced cell; ``template_numbers`` with the crystal's elements in place of its own.

    Cells are compared by their metrics, the origin is taken from an atom of the rarest element, atoms are
    assigned by least squares (Kuhn 1955). The mirror image is tried too.

    Raises ``ValueError`` where the two contents differ.
    """
    order, template_order = np.argsort(numbers, kind="stable"), np.argsort(template_numbers, kind="stable")
    if not np.array_equal(numbers[order], template_numbers[template_order]):
        raise ValueError("the template has other atoms than the crystal")
    species = numbers[order]
    points, places = frac_coords[order], template_frac[template_order]
    cells, strains = _near_cells(lattice, template_lattice)
    scale = (abs(np.linalg.det(lattice)) / len(numbers)) ** (1 / 3)
    size = abs(np.linalg.det(lattice) / np.linalg.det(template_lattice)) ** (1 / 3)
    frame = template_lattice * size / scale  # distances in the template's shape, in neighbours' distances
    groups = [np.flatnonzero(species == number) for number in np.unique(species)]
    rarest = min(groups, key=len)
    moved = points @ np.linalg.inv(cells)  # (cells, n, 3)
    shifts = places[rarest[0]] - moved[:, rarest]
    tried = (moved[:, None] + shifts[:, :, None]).reshape(-1, len(points), 3)
    which = np.repeat(np.arange(len(cells)), len(rarest))
    bound = strains[which].copy()
    tables = []
    for group in groups:
        difference = tried[:, :, None][:, group] - places[group]
        table = np.square((difference - np.round(difference)) @ frame).sum(-1)
        bound += table.min(2).sum(1) / len(points)
        tables.append(table)
    best: tuple[float, int, np.ndarray] | None = None
    for index in np.argsort(bound, kind="stable")[:MOST_TRIED]:
        if best is not None and bound[index] >= best[0]:
            break
        chosen = np.arange(len(points))
        total = strains[which[index]]
        for group, table in zip(groups, tables, strict=True):
            rows, columns = linear_sum_assignment(table[index])
            chosen[group[columns]] = group[rows]
            total += table[index][rows, columns].sum() / len(points)
        if best is None or total < best[0]:
            best = float(total), int(index), chosen
    assert best is not None
    _, index, chosen = best
    difference = tried[index][chosen] - places
    difference -= np.round(difference)
    difference -= difference.mean(0)
    result = np.empty_like(places)
    result[template_order] = places + difference
    rms = float(np.sqrt(np.square(difference @ frame).sum(-1).mean()))
    return Aligned(cells[which[index]] @ lattice, result, rms, float(strains[which[index]]))


def _near_cells(lattice: np.ndarray, template: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return changes of basis (cells, 3, 3) that bring a cell near a template's shape, and their strains."""
    metric, target = (cell @ cell.T / abs(np.linalg.det(cell)) ** (2 / 3) for cell in (lattice, template))
    rows, threes = _changes()
    products = rows @ metric @ rows.T
    squares = np.zeros(len(threes))
    for one, other in itertools.combinations_with_replacement(range(3), 2):
        table = np.square(products - target[one, other]) * (1 if one == other else 2)
        squares += table[threes[:, one], threes[:, other]]
    strains = np.sqrt(squares)
    near = np.argsort(strains, kind="stable")[:MOST_CELLS]
    near = near[strains[near] <= strains[near[0]] + SLACK * np.linalg.norm(target)]
    changes = rows[threes[near]]
    both = np.concatenate([changes, -changes])
    return both, np.concatenate([strains[near], strains[near]])
