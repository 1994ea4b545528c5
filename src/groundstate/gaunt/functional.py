"""Products of functions on the sphere, given by their real spherical-harmonic coefficients."""

import math

import torch

from groundstate.gaunt.contract import contract

METHODS = ("auto", "grid", "fourier", "dense")


def lmax_of(signal: torch.Tensor, name: str) -> int:
    """Highest degree of a signal whose last axis holds (lmax + 1)^2 coefficients."""
    size = signal.shape[-1] if signal.ndim else 0
    lmax = math.isqrt(size) - 1
    if lmax < 0 or (lmax + 1) ** 2 != size:
        raise ValueError(
            f"the last axis of {name} must hold (lmax + 1)^2 coefficients, got shape {tuple(signal.shape)}"
        )
    return lmax


def gaunt_product(
    x: torch.Tensor, y: torch.Tensor, lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Coefficients of the pointwise product of two functions on the sphere.

    Parameters
    ----------
    x, y
        Real spherical-harmonic coefficients, shapes (..., (l1 + 1)^2) and (..., (l2 + 1)^2), leading axes broadcast.
    lmax_out
        Highest degree kept; None keeps the full product, l1 + l2.
    method
        "auto", "grid", "fourier" or "dense".

    Returns
    -------
    Coefficients (..., (lmax_out + 1)^2).
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    l1, l2 = lmax_of(x, "x"), lmax_of(y, "y")
    l3 = l1 + l2 if lmax_out is None else lmax_out
    if l3 < 0:
        raise ValueError(f"lmax_out must not be negative, got {l3}")
    lead = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    rows_x = x.expand(*lead, x.shape[-1]).reshape(-1, x.shape[-1], 1)
    rows_y = y.expand(*lead, y.shape[-1]).reshape(-1, y.shape[-1], 1)
    degrees = (tuple(range(top + 1)) for top in (l1, l2, l3))
    return contract(rows_x, rows_y, *degrees).reshape(*lead, (l3 + 1) ** 2)
