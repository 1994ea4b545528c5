"""Squared norms of the coupling blocks in closed form: what a path adds to the variance of its output.

A block is a constant times a Wigner 3j tensor of norm 1 (Wigner-Eckart). For the Gaunt coupling the square of
the constant is (2l1+1)(2l2+1)(2l3+1)/4pi times the square of the 3j symbol with orders (0, 0, 0). The
gradient of Y_l is sqrt(l(l+1)) times harmonics of spin weight +-1, which gives the bracket l1(l1+1) l2(l2+1)
times the same with orders (1, -1, 0).
"""

import math
from functools import lru_cache

import numpy as np
from scipy.special import eval_jacobi, eval_legendre

from groundstate.gaunt.basis.tables import Degrees


def path_strengths(first: Degrees, second: Degrees, third: Degrees, odd: bool) -> np.ndarray:
    """Return the squared norm of the coupling block of every path.

    Parameters
    ----------
    first, second, third
        Degrees of the two operands and of the result.
    odd
        The bracket instead of the Gaunt coupling.

    Returns
    -------
    (len(first), len(second), len(third)), exactly 0 where a selection rule forbids the path.
    """
    return _strengths(max(first), max(second), max(third), odd)[np.ix_(first, second, third)]


@lru_cache(maxsize=64)
def _strengths(top1: int, top2: int, top3: int, odd: bool) -> np.ndarray:
    """For all degrees up to the three given."""
    l1, l2, l3 = np.ix_(*(np.arange(top + 1) for top in (top1, top2, top3)))
    # the square of a 3j symbol is half the integral of three Wigner functions over the polar cosine
    cosine, weight = np.polynomial.legendre.leggauss((top1 + top2 + top3) // 2 + 1)
    order = int(odd)
    turned1, turned2 = (_wigner_function(np.arange(top + 1), order, cosine) for top in (top1, top2))
    last = eval_legendre(np.arange(top3 + 1)[:, None], cosine) * weight
    squared = np.einsum("ap,bp,cp->abc", turned1, turned2, last, optimize=True) / 2
    strengths = squared * (2 * l1 + 1) * (2 * l2 + 1) * (2 * l3 + 1) / (4 * math.pi)
    if odd:
        strengths = strengths * (l1 * (l1 + 1) * l2 * (l2 + 1))
    allowed = ((l1 + l2 + l3) % 2 == order) & (abs(l1 - l2) <= l3) & (l3 <= l1 + l2)
    strengths = np.where(allowed, strengths, 0.0)
    strengths.setflags(write=False)
    return strengths


def _wigner_function(degrees: np.ndarray, order: int, cosine: np.ndarray) -> np.ndarray:
    """Diagonal Wigner function d_mm of order m = 0 or 1 at polar cosines, (degrees, nodes)."""
    if order == 0:
        return eval_legendre(degrees[:, None], cosine)
    jacobi = eval_jacobi(np.maximum(degrees - 1, 0)[:, None], 0, 2, cosine) * (1 + cosine) / 2
    return np.where(degrees[:, None] > 0, jacobi, 0.0)
