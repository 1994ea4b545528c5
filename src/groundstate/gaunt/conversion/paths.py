"""Paths between irreps, and how our coupling compares with e3nn's on each."""

from functools import lru_cache

import torch
from e3nn import o3

from groundstate.gaunt.basis.tables import coupling


@lru_cache(maxsize=4096)
def coupling_ratio(l1: int, l2: int, l3: int) -> float:
    """Return our coupling over e3nn's 3j tensor, a constant of the path (Wigner-Eckart).

    The Gaunt coupling where l1 + l2 + l3 is even, else the bracket.
    """
    ours = coupling((l1,), (l2,), (l3,), is_odd(l1, l2, l3))
    return float((ours * o3.wigner_3j(l1, l2, l3, dtype=torch.float64).numpy()).sum())


def is_odd(l1: int, l2: int, l3: int) -> bool:
    """Whether a path belongs to the bracket."""
    return bool((l1 + l2 + l3) % 2)


def is_path(first: o3.Irrep, second: o3.Irrep, third: o3.Irrep) -> bool:
    """Whether two irreps couple to a third in our product or its bracket."""
    return third in list(first * second) and abs(coupling_ratio(first.l, second.l, third.l)) > 1e-12
