"""Quadrature rules on the sphere that integrate polynomials of a given degree exactly."""

from functools import lru_cache

import numpy as np
from scipy.integrate import lebedev_rule

# Lebedev rules exist for these degrees only. Those of 13, 25 and 27 have one negative weight: still exact.
LEBEDEV_DEGREES = (*range(3, 32, 2), *range(35, 132, 6))


def gauss_legendre(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Gauss-Legendre nodes in the polar cosine times equispaced azimuths, exact to `degree`.

    The number of azimuths is even, so that the rule is symmetric under inversion.

    Returns
    -------
    Unit vectors (points, 3) and weights (points,) that sum to 4 pi.
    """
    cosine, weight = np.polynomial.legendre.leggauss(degree // 2 + 1)
    count = degree + 1 + (degree + 1) % 2
    azimuth = 2 * np.pi * np.arange(count) / count
    sine = np.sqrt(1 - cosine**2)
    x = np.outer(sine, np.sin(azimuth))
    z = np.outer(sine, np.cos(azimuth))
    points = np.stack([x, np.broadcast_to(cosine[:, None], x.shape), z], axis=-1).reshape(-1, 3)
    return points, np.repeat(weight, count) * 2 * np.pi / count


def lebedev(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the smallest Lebedev rule exact to `degree` (at most 131); shapes as in `gauss_legendre`."""
    exact = next(candidate for candidate in LEBEDEV_DEGREES if candidate >= degree)
    points, weights = lebedev_rule(exact)
    return points.T, weights


@lru_cache(maxsize=64)
def sphere_grid(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the rule with the fewest points: Lebedev where it exists, else Gauss-Legendre.

    Shapes as in `gauss_legendre`.
    """
    return lebedev(degree) if degree <= LEBEDEV_DEGREES[-1] else gauss_legendre(degree)


@lru_cache(maxsize=64)
def half_grid(degree: int) -> tuple[np.ndarray, np.ndarray]:
    """Return one point of every antipodal pair of `sphere_grid`, with doubled weights.

    The integral of a function is the half-grid sum of its even part: odd parts cancel between the two points.
    """
    points, weights = sphere_grid(degree)
    rounded = np.round(points, 9)
    leading = np.take_along_axis(rounded, (rounded != 0).argmax(axis=1)[:, None], axis=1)[:, 0]
    keep = leading > 0
    return points[keep], 2 * weights[keep]
