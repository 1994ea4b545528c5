"""Cells: parameters to vectors and back, reduction, and the logarithm of the metric."""

from collections.abc import Sequence

import numpy as np
import spglib

from groundstate.crystals.crystal import Crystal

# Where the six numbers of a symmetric 3 x 3 matrix sit: xx, yy, zz, yz, xz, xy.
_ROWS, _COLUMNS = (0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1)


SpglibCell = tuple[Sequence[Sequence[float]], Sequence[Sequence[float]], Sequence[int]]


def spglib_cell(crystal: Crystal) -> SpglibCell:
    """Give a crystal as spglib takes it: cell vectors, fractional coordinates, atomic numbers."""
    return crystal.lattice.tolist(), crystal.frac_coords.tolist(), crystal.atomic_numbers.tolist()


def cell_from_parameters(parameters: np.ndarray) -> np.ndarray:
    """Return cell vectors as rows, a along x and b in the xy plane.

    Parameters
    ----------
    parameters
        (..., 6): a, b, c in angstrom, alpha, beta, gamma in degrees. Angles that close no cell give NaN.
    """
    lengths, angles = parameters[..., :3], np.deg2rad(parameters[..., 3:])
    (cos_a, cos_b, cos_g), sin_g = np.moveaxis(np.cos(angles), -1, 0), np.sin(angles[..., 2])
    zero = np.zeros_like(cos_a)
    with np.errstate(invalid="ignore", divide="ignore"):
        y = (cos_a - cos_b * cos_g) / sin_g
        z = np.sqrt(1 - cos_b**2 - y**2)
    rows = [
        np.stack([zero + 1, zero, zero], -1),
        np.stack([cos_g, sin_g, zero], -1),
        np.stack([cos_b, y, z], -1),
    ]
    return np.stack(rows, -2) * lengths[..., None]


def cell_parameters(lattice: np.ndarray) -> np.ndarray:
    """Return a, b, c in angstrom and alpha, beta, gamma in degrees of cells (..., 3, 3)."""
    lengths = np.linalg.norm(lattice, axis=-1)
    unit = lattice / lengths[..., None]
    pairs = ((1, 2), (0, 2), (0, 1))
    cosines = np.stack([np.sum(unit[..., i, :] * unit[..., j, :], -1) for i, j in pairs], -1)
    return np.concatenate([lengths, np.rad2deg(np.arccos(np.clip(cosines, -1, 1)))], -1)


def niggli(lattice: np.ndarray, frac_coords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return a crystal in its Niggli-reduced, right-handed cell; in its own where spglib gives none."""
    reduced = spglib.niggli_reduce(lattice)
    if reduced is None:
        reduced = lattice
    if np.linalg.det(reduced) < 0:  # minus all three vectors is the same lattice with the other hand
        reduced = -reduced
    change = lattice @ np.linalg.inv(reduced)
    return reduced, (frac_coords @ change) % 1.0


def shortest_vector(lattice: np.ndarray) -> float:
    """Return the length of the shortest vector of a lattice, angstrom: how near an atom is to its image."""
    reduced = spglib.niggli_reduce(lattice)
    return float(np.linalg.norm(lattice if reduced is None else reduced, axis=1).min())


def right_handed(lattice: np.ndarray, frac_coords: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the same crystal, atom for atom, in a cell with a positive determinant.

    A left-handed cell gives way to minus all three vectors, which span the same lattice.
    """
    return (-lattice, -frac_coords) if np.linalg.det(lattice) < 0 else (lattice, frac_coords)


def log_metric(lattice: np.ndarray) -> np.ndarray:
    """Return the logarithm of the cell without its rotation, six numbers: half the log of ``M M^T``.

    Any six numbers are a cell of positive volume (``exp`` of their trace), so that a generated one can be
    neither flat nor impossible. Shape (..., 3, 3) -> (..., 6). Source: Jiao et al. 2024 (DiffCSP++), eq. 3.
    """
    values, vectors = np.linalg.eigh(lattice @ np.swapaxes(lattice, -1, -2))
    symmetric = (vectors * (0.5 * np.log(values))[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    return symmetric[..., _ROWS, _COLUMNS]


def cell_from_log_metric(six: np.ndarray, smallest: float = 0.5, largest: float = 200.0) -> np.ndarray:
    """Return the symmetric cell of a log metric; principal lengths stay within bounds (angstrom)."""
    symmetric = np.zeros((*six.shape[:-1], 3, 3))
    symmetric[..., _ROWS, _COLUMNS] = six
    symmetric[..., _COLUMNS, _ROWS] = six
    values, vectors = np.linalg.eigh(symmetric)
    lengths = np.exp(np.clip(values, np.log(smallest), np.log(largest)))
    return (vectors * lengths[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def standard_orientation(lattice: np.ndarray) -> np.ndarray:
    """Return the same cell turned so that a lies along x and b in the xy plane (right-handed cells only)."""
    return cell_from_parameters(cell_parameters(lattice))


def closed_cell(parameters: np.ndarray, smallest: float = 0.5) -> np.ndarray:
    """Return a cell (3, 3) from six predicted parameters, which need not be possible.

    Lengths are kept above ``smallest`` (angstrom) and angles within 10 to 170 degrees; where the angles close
    no cell they are moved towards 90 degrees, a tenth of the way at a time, until they do.
    """
    lengths = np.maximum(parameters[:3], smallest)
    angles = np.clip(parameters[3:], 10.0, 170.0)
    for share in np.linspace(1, 0, 11):
        cell = cell_from_parameters(np.concatenate([lengths, 90 + share * (angles - 90)]))
        if np.all(np.isfinite(cell)) and np.linalg.det(cell) > 0.05 * np.prod(lengths):
            break
    return cell
