"""Harmonics and rotations of edge directions as differentiable tensors."""

import math

import torch

from groundstate.gaunt.harmonics import real_harmonics
from groundstate.gaunt.quadrature import half_grid
from groundstate.gaunt.transforms import constant, constant_builder


def spherical_harmonics(lmax: int, vectors: torch.Tensor) -> torch.Tensor:
    """Real orthonormal harmonics of the directions of `vectors`, degrees 0..lmax, any lmax.

    Polynomials of the unit vector, so that gradients are finite everywhere, also along the polar axis.

    Parameters
    ----------
    lmax
        Highest degree, not negative.
    vectors
        (..., 3), none of them zero.

    Returns
    -------
    (..., (lmax + 1)^2) in e3nn's component order.
    """
    if lmax < 0:
        raise ValueError(f"lmax must not be negative, got {lmax}")
    if vectors.shape[-1] != 3:
        raise ValueError(f"vectors must be (..., 3), got {tuple(vectors.shape)}")
    x, y, z = torch.nn.functional.normalize(vectors, dim=-1).unbind(-1)
    found: dict[tuple[int, int], torch.Tensor] = {}
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
            found[degree, m] = factor * value * cosine
            if m:
                found[degree, -m] = factor * value * sine
    return torch.stack(
        [found[degree, m] for degree in range(lmax + 1) for m in range(-degree, degree + 1)], dim=-1
    )


def frames(vectors: torch.Tensor) -> torch.Tensor:
    """A rotation for every vector that takes the polar axis y to its direction, (..., 3, 3).

    The rotation about the direction itself is fixed by whichever of two axes is farther from it.
    """
    unit = torch.nn.functional.normalize(vectors, dim=-1)
    helper = torch.zeros_like(unit)
    along_x = unit[..., 0].abs() > 0.7
    helper[..., 0] = (~along_x).to(unit.dtype)
    helper[..., 2] = along_x.to(unit.dtype)
    first = torch.nn.functional.normalize(torch.linalg.cross(unit, helper), dim=-1)
    return torch.stack([first, unit, torch.linalg.cross(first, unit)], dim=-1)


def rotation_blocks(lmax: int, rotation: torch.Tensor) -> list[torch.Tensor]:
    """Matrices D of degrees 0..lmax with Y(R r) = D Y(r), each (..., 2l+1, 2l+1).

    By quadrature of Y_lm(R r) Y_lm'(r), exact and smooth in R: no Euler angles, hence no singular poles.
    """
    points = constant("rotation points", (lmax,), rotation.dtype, rotation.device)
    values = spherical_harmonics(lmax, torch.einsum("...ij,pj->...pi", rotation, points))
    weighted = constant("rotation weights", (lmax,), rotation.dtype, rotation.device)
    blocks = []
    for degree in range(lmax + 1):
        entry = slice(degree**2, (degree + 1) ** 2)
        blocks.append(values[..., entry].transpose(-1, -2) @ weighted[:, entry])
    return blocks


@constant_builder("rotation points")
def _rotation_points(lmax: int):
    return half_grid(2 * lmax)[0]


@constant_builder("rotation weights")
def _rotation_weights(lmax: int):
    points, weights = half_grid(2 * lmax)
    return (real_harmonics(tuple(range(lmax + 1)), points) * weights).T
