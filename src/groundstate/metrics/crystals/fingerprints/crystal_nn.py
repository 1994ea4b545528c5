"""CrystalNN's coordination of one site, and the fingerprint of a crystal that is built on it.

The definitions are those of pymatgen's ``CrystalNN`` (Pan, Ganose, Horton, Aykol, Persson, Zimmermann and
Jain, Inorg. Chem. 60, 1590 (2021)) and of matminer's ``CrystalNNFingerprint`` with its preset ``ops``, at
their defaults. The tessellation gets the same points in the same order, and products of vectors are summed
in the same order, so that ties between symmetry-equivalent neighbours fall as they do there. Left out is
what the fingerprint does not need: site objects, adjacent faces, images.
"""

import functools
import itertools
import math
from typing import Any

import numpy as np
from pymatgen.analysis.molecule_structure_comparator import CovalentRadius
from pymatgen.core import Element, Structure
from scipy.spatial import QhullError, Voronoi

from groundstate.metrics.crystals.fingerprints.order_parameters import MOTIFS, order_parameters

CUTOFF = 7.0  # angstrom, of the neighbour search; grows where the cell does not close
NEAR, FAR = 0.5, 1.0  # angstrom beyond the sum of radii where the weight begins to fall, and is zero
CHARGE_WEIGHT, LARGEST_DIFFERENCE = 3.0, 3.3  # of the difference in electronegativity
MAX_COORDINATION = 24
MAX_POINTS = 20_000  # in the sphere; only cells that are no crystals have more


class NoFingerprint(Exception):
    """The crystal has no fingerprint: a Voronoi cell does not close, or an element has no radius."""


@functools.cache
def _radius(symbol: str) -> float:
    radius = CovalentRadius.radius.get(symbol) or Element(symbol).atomic_radius
    if radius is None:
        raise NoFingerprint(f"there is no radius of {symbol}")
    return float(radius)


@functools.cache
def _electronegativity(symbol: str) -> float:
    return float(Element(symbol).data.get("X") or math.nan)


def _faces(points: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Neighbours (indices), solid angles and areas of the Voronoi faces of the first point.

    Raises ``QhullError`` where the cell of the first point is open, or the points span no space.
    """
    voronoi = Voronoi(points)
    rows = np.flatnonzero((voronoi.ridge_points == 0).any(axis=1))
    neighbours = voronoi.ridge_points[rows].sum(axis=1)
    polygons = [voronoi.ridge_vertices[row] for row in rows.tolist()]
    if any(-1 in polygon for polygon in polygons):
        raise QhullError("an open Voronoi cell")
    corners = np.array(
        [(face, polygon[0], *edge) for face, polygon in enumerate(polygons) for edge in _fan(polygon)],
        dtype=int,
    ).reshape(-1, 4)
    face = corners[:, 0]
    centre, vertices = points[0], voronoi.vertices
    solid = np.bincount(face, _solid_angles(vertices[corners[:, 1:]] - centre), len(polygons))
    first, second, third = (vertices[corners[:, column]] for column in (1, 2, 3))
    volumes = np.abs(np.vecdot(centre - third, np.cross(first - third, second - third))) / 6
    halves = _norm(centre - points[neighbours]) / 2
    return neighbours, solid, 3 * np.bincount(face, volumes, len(polygons)) / halves


def _fan(polygon: list[int]) -> list[tuple[int, int]]:
    return list(itertools.pairwise(polygon[1:]))


def _norm(vectors: np.ndarray) -> np.ndarray:
    return np.sqrt(np.vecdot(vectors, vectors))


def _solid_angles(triangles: np.ndarray) -> np.ndarray:
    """Of triangles (n, 3 corners, 3), seen from the origin (Van Oosterom and Strackee, 1983)."""
    a, b, c = triangles[:, 0], triangles[:, 1], triangles[:, 2]
    la, lb, lc = _norm(a), _norm(b), _norm(c)
    above = np.abs(np.vecdot(a, np.cross(b, c)))
    below = la * lb * lc + lc * np.vecdot(a, b) + lb * np.vecdot(a, c) + la * np.vecdot(b, c)
    with np.errstate(divide="ignore", invalid="ignore"):
        half = np.where(below == 0, np.where(above > 0, 0.5, -0.5) * math.pi, np.arctan(above / below))
    return np.where(half > 0, half, half + math.pi) * 2


def _tessellate(
    lattice: np.ndarray, structure: Structure, site: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Vectors to the neighbours across Voronoi faces, their site indices, solid angles and areas.

    Raises ``NoFingerprint`` where the cell does not close within the longest diagonal.
    """
    centre = structure[site].coords
    corners = np.array([[1, 1, 1], [-1, 1, 1], [1, -1, 1], [1, 1, -1]]) @ lattice
    largest, cutoff = float(_norm(corners).max()) + 0.01, CUTOFF
    density = len(structure) / structure.volume
    heights = 1 / _norm(np.linalg.inv(lattice).T)
    while True:
        if (points := density * 4 / 3 * math.pi * cutoff**3) > MAX_POINTS:
            raise NoFingerprint(f"{points:.0f} atoms within {cutoff:.0f} angstrom")
        # a sphere in a cell with one very long side holds few atoms and many copies of the cell
        if len(structure) * float(np.prod(2 * cutoff / heights + 1)) > 10 * MAX_POINTS:
            raise NoFingerprint(f"too many copies of the cell within {cutoff:.0f} angstrom")
        # typed as one sum of all that it can give, so the parts are taken one by one
        near: Any = structure.lattice.get_points_in_sphere(
            structure.frac_coords, centre, cutoff, zip_results=False
        )
        frac, distances, indices, _ = near
        try:
            if not len(frac):  # an atom so far out that not even itself is found
                raise NoFingerprint(f"no atom within {cutoff:.0f} angstrom")
            order = np.argsort(distances, kind="stable")
            points = np.matmul(frac[order][:, None, :], lattice)[:, 0]
            neighbours, solid, areas = _faces(points)
            break
        except QhullError:
            if cutoff >= largest:
                raise NoFingerprint("a Voronoi cell does not close") from None
            cutoff = min(2 * cutoff, largest + 0.001)
    return points[neighbours] - centre, indices[order][neighbours], solid, areas


def coordination(structure: Structure, site: int) -> tuple[dict[int, float], np.ndarray]:
    """Likelihood of each coordination number, and vectors to the neighbours, nearest bond first.

    A coordination of n is that of the first n vectors. Angstrom; raises ``NoFingerprint``.
    """
    symbols = [specie.symbol for specie in structure.species]
    vectors, indices, solid, areas = _tessellate(structure.lattice.matrix, structure, site)
    if len(solid) == 0:
        raise NoFingerprint("a site has no Voronoi neighbour")
    # Voronoi faces seen under a large angle are bonds, less so where they are far (porous crystals)
    with np.errstate(divide="ignore", invalid="ignore"):
        weights = solid / solid.max() * (solid / areas)
    own = _electronegativity(symbols[site])
    for row, index in enumerate(indices.tolist()):
        difference = abs(own - _electronegativity(symbols[index]))
        if not math.isnan(difference):
            weights[row] *= 1 + CHARGE_WEIGHT * math.sqrt(difference / LARGEST_DIFFERENCE)
    order = sorted(range(len(weights)), key=weights.tolist().__getitem__, reverse=True)
    weights, vectors, indices = weights[order], vectors[order], indices[order]
    if weights[0] == 0:
        return {}, vectors[:0]
    weights = weights / weights[0]
    lengths = _norm(-vectors).tolist()
    radius = _radius(symbols[site])
    for row, index in enumerate(indices.tolist()):
        weights[row] *= _reach(lengths[row], radius + _radius(symbols[index]))
    order = sorted(range(len(weights)), key=weights.tolist().__getitem__, reverse=True)
    vectors = vectors[order]
    rounded = [round(weight, 3) for weight in weights[order].tolist()]
    kept = [weight for weight in rounded if weight > 0]
    if not kept:
        return {}, vectors[:0]
    steps = [*dict.fromkeys(kept), 0.0]
    likelihood = {
        sum(weight >= step for weight in kept): _quarter_circle(step) - _quarter_circle(lower)
        for step, lower in itertools.pairwise(steps)
    }
    return likelihood, vectors[: len(kept)]


def _reach(distance: float, bond: float) -> float:
    """1 for distances up to ``bond`` + NEAR, a half cosine down to 0 at ``bond`` + FAR."""
    low, high = bond + NEAR, bond + FAR
    if distance <= low:
        return 1.0
    return (math.cos((distance - low) / (high - low) * math.pi) + 1) * 0.5 if distance < high else 0.0


def _quarter_circle(x: float) -> float:
    """Share of a quarter of the unit disc left of ``x``."""
    if x == 1:
        return 1.0
    root = math.sqrt(1 - x * x)
    return 0.5 * (x * root + math.atan(x / root)) / (0.25 * math.pi)


def site_fingerprint(structure: Structure, site: int) -> np.ndarray:
    """Likelihoods of coordinations 1 to 24, each before likelihood x order parameter of its motifs (61,)."""
    likelihood, vectors = coordination(structure, site)
    shells = [number for number in likelihood if number <= MAX_COORDINATION]
    parameters = order_parameters(vectors / _norm(vectors)[:, None], shells)
    values = []
    for number in range(1, MAX_COORDINATION + 1):
        weight, none = likelihood.get(number, 0.0), [0.0] * len(MOTIFS.get(number, ()))
        values += [weight, *(weight * value for value in parameters.get(number, none))]
    return np.array(values)


def structure_fingerprint(structure: Structure) -> np.ndarray:
    """Mean of the site fingerprints (61,), as CDVAE compares structures; raises ``NoFingerprint``."""
    return np.mean([site_fingerprint(structure, site) for site in range(len(structure))], axis=0)
