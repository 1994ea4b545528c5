"""Polar tables of a convolution whose edge lies on the polar axis: its filter has order 0 alone.

Every order m of the features is then multiplied by the same function of the polar angle, so orders never mix.
"""

import math

import numpy as np

from groundstate.gaunt.basis.harmonics import associated_legendre
from groundstate.gaunt.basis.tables import Degrees


def _polar_nodes(first: Degrees, third: Degrees, lmax_filter: int) -> tuple[np.ndarray, np.ndarray]:
    exact = max(first) + max(third) + lmax_filter
    return np.polynomial.legendre.leggauss(exact // 2 + 1)


def _by_order(degrees: Degrees, cosine: np.ndarray) -> np.ndarray:
    """Polar part of every component, apart for every order: (2 lmax + 1 orders, nodes, components)."""
    top = max(degrees)
    polar = associated_legendre(top, cosine, np.sqrt(1 - cosine**2))
    table = np.zeros((2 * top + 1, cosine.size, sum(2 * degree + 1 for degree in degrees)))
    column = 0
    for degree in degrees:
        for m in range(-degree, degree + 1):
            table[m + top, :, column] = polar[degree, abs(m)]
            column += 1
    return table


def _common_orders(table: np.ndarray, orders: int) -> np.ndarray:
    """Keep the `orders` middle orders: those that both sides have."""
    skip = (table.shape[0] - orders) // 2
    return table[skip : table.shape[0] - skip]


def _orders(first: Degrees, third: Degrees) -> int:
    return 2 * min(max(first), max(third)) + 1


def zonal_in(first: Degrees, third: Degrees, lmax_filter: int) -> np.ndarray:
    """Return the table from features of degrees `first` to the nodes: (orders, nodes, components)."""
    cosine, _ = _polar_nodes(first, third, lmax_filter)
    return _common_orders(_by_order(first, cosine), _orders(first, third))


def zonal_out(
    first: Degrees, third: Degrees, lmax_filter: int, scales: tuple[float, ...] | None
) -> np.ndarray:
    """Return the table from the nodes to features of degrees `third`, weights and scales included."""
    cosine, weight = _polar_nodes(first, third, lmax_filter)
    factors = np.repeat(scales or (1.0,) * len(third), [2 * degree + 1 for degree in third])
    table = _by_order(third, cosine) * factors * (2 * math.pi * weight)[:, None]
    return _common_orders(table, _orders(first, third))


def zonal_filter(first: Degrees, third: Degrees, lmax_filter: int) -> np.ndarray:
    """Return (nodes, degrees): Y_l0 at the nodes times sqrt(2l+1), the filter's component on the axis."""
    cosine, _ = _polar_nodes(first, third, lmax_filter)
    polar = associated_legendre(lmax_filter, cosine, np.sqrt(1 - cosine**2))
    return polar[:, 0].T * np.sqrt(2 * np.arange(lmax_filter + 1) + 1)
