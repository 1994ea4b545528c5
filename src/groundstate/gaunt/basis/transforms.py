"""Matrices between coefficients and points.

A contraction of two signals into a third is the trilinear form sum_p X_p Y_p Z_p over the points p of an
exact quadrature rule. The weights are shared between the three factors as cube roots, so that all three
matrices are alike and every derivative of the form is a form of the same kind.
"""

import numpy as np

from groundstate.gaunt.basis.harmonics import components, real_harmonics, surface_gradient
from groundstate.gaunt.basis.quadrature import half_grid, sphere_grid
from groundstate.gaunt.basis.tables import Degrees, coupling

Scales = tuple[float, ...] | None
Slot = tuple[Degrees, Scales]


def even_first(degrees: Degrees) -> np.ndarray:
    """Return the order of the components that puts the even degrees before the odd ones."""
    return np.argsort(components(degrees) % 2, kind="stable")


def even_first_inverse(degrees: Degrees) -> np.ndarray:
    """Return the inverse of `even_first`."""
    return np.argsort(even_first(degrees))


def scale_of_components(degrees: Degrees, scales: Scales) -> np.ndarray:
    """Return the factor of every component, (sum of 2l+1,), from one per degree (None: all 1)."""
    return np.repeat(scales or (1.0,) * len(degrees), [2 * degree + 1 for degree in degrees])


def _values(degrees: Degrees, scales: Scales, points: np.ndarray, gradient: bool) -> np.ndarray:
    """(1 or 2, components, points): values, or the two components of the surface gradient."""
    values = surface_gradient(degrees, points) if gradient else real_harmonics(degrees, points)[None]
    return values * scale_of_components(degrees, scales)[:, None]


def full_matrix(degrees: Degrees, scales: Scales, exact: int, gradient: bool) -> np.ndarray:
    """Return the scaled harmonics on the whole grid, times the cube roots of the weights.

    Parameters
    ----------
    degrees, scales
        Stored degrees and the factor of each.
    exact
        Polynomial degree that the grid integrates.
    gradient
        The surface gradient instead of the values; its two components side by side.

    Returns
    -------
    (components, points), or (components, 2 points) with `gradient`.
    """
    points, weights = sphere_grid(exact)
    return np.concatenate(list(_values(degrees, scales, points, gradient) * np.cbrt(weights)), axis=-1)


def half_matrix(degrees: Degrees, scales: Scales, exact: int, gradient: bool, odd: bool) -> np.ndarray:
    """Return the harmonics of one parity on one point of every antipodal pair.

    Parameters
    ----------
    degrees, scales, exact, gradient
        As in `full_matrix`; the two gradient components one above the other.
    odd
        The odd degrees, else the even ones.

    Returns
    -------
    (points, components of the parity), or (2 points, ...) with `gradient`.
    """
    points, weights = half_grid(exact)
    values = _values(degrees, scales, points, gradient) * np.cbrt(weights)
    return np.concatenate([part.T for part in values[:, components(degrees) % 2 == int(odd)]])


def coupling_matrix(first: Slot, second: Slot, third: Slot, odd: bool) -> np.ndarray:
    """Return the coupling as (pairs of input components, output components); a slot is (degrees, scales)."""
    a, b, c = (scale_of_components(*slot) for slot in (first, second, third))
    entries = coupling(first[0], second[0], third[0], odd) * a[:, None, None] * b[:, None] * c
    return entries.reshape(-1, c.size)


def power_matrix(degrees: Degrees, scales: Scales, exact: int, weighted: bool) -> np.ndarray:
    """Return the harmonics (components, points) of products of many factors.

    The whole quadrature weight stands on one side: in the matrix that is `weighted`.
    """
    points, weights = sphere_grid(exact)
    return _values(degrees, scales, points, False)[0] * (weights if weighted else 1.0)
