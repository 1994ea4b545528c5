"""Harmonics and rotations of edge directions as differentiable tensors."""

import math

import numpy as np
import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.harmonics import real_harmonics
from groundstate.gaunt.basis.quadrature import half_grid

SHORTEST = 1e-12  # a shorter vector has no direction


def spherical_harmonics(lmax: int, vectors: torch.Tensor) -> torch.Tensor:
    """Return the real orthonormal harmonics of the directions of `vectors`, degrees 0..lmax, any lmax.

    Polynomials of the unit vector, so that gradients are finite everywhere, also along the polar axis. A zero
    vector has no direction: its degrees above 0 are zero, as in e3nn, and so are their derivatives.

    Parameters
    ----------
    lmax
        Highest degree, not negative.
    vectors
        (..., 3), of any length.

    Returns
    -------
    (..., (lmax + 1)^2) in e3nn's component order.

    Raises
    ------
    ValueError
        For a negative lmax or vectors of another shape.
    """
    if lmax < 0:
        raise ValueError(f"lmax must not be negative, got {lmax}")
    if vectors.ndim < 1 or vectors.shape[-1] != 3:
        raise ValueError(f"vectors must be (..., 3), got {tuple(vectors.shape)}")
    unit, missing = unit_vectors(vectors)
    x, y, z = unit.unbind(-1)
    values: dict[tuple[int, int], torch.Tensor] = {}
    cosine, sine = torch.ones_like(x), torch.zeros_like(x)  # sin^m cos(m phi) and sin^m sin(m phi)
    diagonal = math.sqrt(1 / (4 * math.pi))
    for m in range(lmax + 1):
        if m:
            cosine, sine = z * cosine - x * sine, z * sine + x * cosine
            diagonal *= math.sqrt((2 * m + 1) / (2 * m))
        before, value = None, torch.full_like(y, diagonal)
        factor = math.sqrt(2) if m else 1.0
        for degree in range(m, lmax + 1):
            if degree > m:
                a = math.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                following = a * y * value
                if before is not None:
                    b = a * math.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
                    following = following - b * before
                before, value = value, following
            values[degree, m] = factor * value * cosine
            if m:
                values[degree, -m] = factor * value * sine
    order = [(degree, m) for degree in range(lmax + 1) for m in range(-degree, degree + 1)]
    harmonics = torch.stack([values[key] for key in order], dim=-1)
    above = torch.arange(len(order), device=harmonics.device) > 0
    return harmonics.masked_fill(missing & above, 0.0)


def unit_vectors(vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the directions of `vectors` (..., 3), and which of them have none, (..., 1).

    Those get the polar axis, without a derivative.
    """
    missing = vectors.detach().abs().amax(-1, keepdim=True) < SHORTEST
    axis = torch.arange(3, device=vectors.device) == 1
    given = torch.where(missing, axis.to(vectors.dtype), vectors)
    return torch.nn.functional.normalize(given, dim=-1), missing


def frames(vectors: torch.Tensor) -> torch.Tensor:
    """Return a rotation for every vector that takes the polar axis y to its direction, (..., 3, 3).

    The rotation about the direction itself is fixed by whichever of two axes is farther from it.
    """
    unit, _ = unit_vectors(vectors)
    along_x = (unit.detach()[..., 0].abs() > 0.7).to(unit.dtype)
    helper = torch.stack([1 - along_x, torch.zeros_like(along_x), along_x], dim=-1)
    first = torch.nn.functional.normalize(torch.linalg.cross(unit, helper), dim=-1)
    return torch.stack([first, unit, torch.linalg.cross(first, unit)], dim=-1)


def rotation_blocks(lmax: int, rotation: torch.Tensor) -> list[torch.Tensor]:
    """Return the matrices D of degrees 0..lmax with Y(R r) = D Y(r), each (..., 2l+1, 2l+1).

    By quadrature of Y_lm(R r) Y_lm'(r), exact and smooth in R: no Euler angles, hence no singular poles.
    """
    points = constant(_rotation_points, (lmax,), rotation.dtype, rotation.device)
    values = spherical_harmonics(lmax, torch.einsum("...ij,pj->...pi", rotation, points))
    weighted = constant(_rotation_weights, (lmax,), rotation.dtype, rotation.device)
    blocks = []
    for degree in range(lmax + 1):
        entry = slice(degree**2, (degree + 1) ** 2)
        blocks.append(values[..., entry].transpose(-1, -2) @ weighted[:, entry])
    return blocks


def _rotation_points(lmax: int) -> np.ndarray:
    return half_grid(2 * lmax)[0]


def _rotation_weights(lmax: int) -> np.ndarray:
    points, weights = half_grid(2 * lmax)
    return (real_harmonics(tuple(range(lmax + 1)), points) * weights).T
