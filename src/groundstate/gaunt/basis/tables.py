"""Gaunt and bracket coefficients, by exact quadrature in float64."""

from functools import lru_cache

import numpy as np
import torch

from groundstate.gaunt.basis.harmonics import components, real_harmonics, surface_gradient
from groundstate.gaunt.basis.quadrature import sphere_grid

Degrees = tuple[int, ...]


def _check_triple(l1: int, l2: int, l3: int) -> None:
    if min(l1, l2, l3) < 0:
        raise ValueError(f"degrees must not be negative, got l1={l1}, l2={l2}, l3={l3}")


def gaunt_coefficients(l1: int, l2: int, l3: int) -> torch.Tensor:
    """Return the integrals of three real spherical harmonics over the sphere.

    Parameters
    ----------
    l1, l2, l3
        Degrees, not negative.

    Returns
    -------
    float64 tensor (2 l1 + 1, 2 l2 + 1, 2 l3 + 1); zero unless l1 + l2 + l3 is even and the triangle holds.

    Raises
    ------
    ValueError
        For a negative degree.
    """
    _check_triple(l1, l2, l3)
    return torch.from_numpy(coupling((l1,), (l2,), (l3,), odd=False).copy())


def bracket_coefficients(l1: int, l2: int, l3: int) -> torch.Tensor:
    """Return the integrals of r . (grad Y1 x grad Y2) Y3, antisymmetric in the first two.

    Parameters
    ----------
    l1, l2, l3
        Degrees, not negative.

    Returns
    -------
    float64 tensor (2 l1 + 1, 2 l2 + 1, 2 l3 + 1); zero unless l1 + l2 + l3 is odd and the triangle holds.

    Raises
    ------
    ValueError
        For a negative degree.
    """
    _check_triple(l1, l2, l3)
    return torch.from_numpy(coupling((l1,), (l2,), (l3,), odd=True).copy())


@lru_cache(maxsize=256)
def coupling(first: Degrees, second: Degrees, third: Degrees, odd: bool) -> np.ndarray:
    """Return the dense coupling table over all components of three sets of degrees, (first, second, third).

    Entries that a selection rule forbids are exact zeros; `odd`: the bracket instead of the Gaunt coupling.
    """
    points, weights = sphere_grid(max(first) + max(second) + max(third))
    out = real_harmonics(third, points) * weights
    if odd:
        theta1, phi1 = surface_gradient(first, points)
        theta2, phi2 = surface_gradient(second, points)
        table = np.einsum("ip,jp,kp->ijk", theta1, phi2, out, optimize=True)
        table -= np.einsum("ip,jp,kp->ijk", phi1, theta2, out, optimize=True)
    else:
        values = real_harmonics(first, points), real_harmonics(second, points)
        table = np.einsum("ip,jp,kp->ijk", *values, out, optimize=True)
    l1, l2, l3 = np.ix_(components(first), components(second), components(third))
    allowed = ((l1 + l2 + l3) % 2 == int(odd)) & (abs(l1 - l2) <= l3) & (l3 <= l1 + l2)
    table = np.where(allowed, table, 0.0)
    table[np.abs(table) < 1e-13 * max(1.0, np.abs(table).max())] = 0.0
    table.setflags(write=False)
    return table
