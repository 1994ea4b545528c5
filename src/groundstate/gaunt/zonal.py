"""Polar tables of an aligned convolution: its filter has order 0 alone, so orders never mix."""

import math

import numpy as np

from groundstate.gaunt.harmonics import associated_legendre
from groundstate.gaunt.transforms import constant_builder


def _polar_nodes(first: tuple[int, ...], third: tuple[int, ...], lmax_filter: int):
    exact = max(first) + max(third) + lmax_filter
    return np.polynomial.legendre.leggauss(exact // 2 + 1)


def _by_order(degrees: tuple[int, ...], cosine: np.ndarray) -> np.ndarray:
    """Polar part of every component at the nodes, apart for every order: (2 lmax + 1 orders, nodes,
    components)."""
    top = max(degrees)
    polar = associated_legendre(top, cosine, np.sqrt(1 - cosine**2))
    found = np.zeros((2 * top + 1, cosine.size, sum(2 * degree + 1 for degree in degrees)))
    column = 0
    for degree in degrees:
        for m in range(-degree, degree + 1):
            found[m + top, :, column] = polar[degree, abs(m)]
            column += 1
    return found


def _common_orders(table: np.ndarray, orders: int) -> np.ndarray:
    """The `orders` middle orders: those that both sides have."""
    skip = (table.shape[0] - orders) // 2
    return table[skip : table.shape[0] - skip]


def _orders(first: tuple[int, ...], third: tuple[int, ...]) -> int:
    return 2 * min(max(first), max(third)) + 1


@constant_builder("zonal in")
def _zonal_in(first, third, lmax_filter):
    cosine, _ = _polar_nodes(first, third, lmax_filter)
    return _common_orders(_by_order(first, cosine), _orders(first, third))


@constant_builder("zonal out")
def _zonal_out(first, third, lmax_filter, scales):
    cosine, weight = _polar_nodes(first, third, lmax_filter)
    factors = np.repeat(scales or (1.0,) * len(third), [2 * degree + 1 for degree in third])
    table = _by_order(third, cosine) * factors * (2 * math.pi * weight)[:, None]
    return _common_orders(table, _orders(first, third))


@constant_builder("zonal filter")
def _zonal_filter(first, third, lmax_filter):
    """(nodes, degrees): value of Y_l0 at the nodes times the filter's component sqrt(2l+1) on the axis."""
    cosine, _ = _polar_nodes(first, third, lmax_filter)
    polar = associated_legendre(lmax_filter, cosine, np.sqrt(1 - cosine**2))
    return polar[:, 0].T * np.sqrt(2 * np.arange(lmax_filter + 1) + 1)
