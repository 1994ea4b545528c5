"""Functions of a distance: Bessel basis, smooth cutoff, short-range repulsion."""

import math

import torch
from torch import Tensor, nn

EXPONENT = 5  # of the polynomial cutoff
COULOMB = 14.399645  # e^2 / (4 pi eps0), eV angstrom
# Ziegler, Biersack, Littmark, "The Stopping and Range of Ions in Solids" (1985): screening function
SCREENING = ((0.18175, 3.19980), (0.50986, 0.94229), (0.28022, 0.40290), (0.02817, 0.20162))
SCREENING_LENGTH = 0.8854 * 0.529177  # angstrom


def polynomial_cutoff(distance: Tensor, cutoff: Tensor | float) -> Tensor:
    """Smooth step from 1 at 0 to 0 at ``cutoff`` with two vanishing derivatives (Gasteiger 2020, eq. 8).

    Parameters
    ----------
    distance
        (...,), angstrom.
    cutoff
        Where it ends, angstrom; one number or (...,).
    """
    p = EXPONENT
    x = (distance / cutoff).clamp(max=1.0)
    inner = (p + 1) * (p + 2) / 2 - p * (p + 2) * x + p * (p + 1) / 2 * x * x
    return 1 - inner * x**p


class BesselBasis(nn.Module):
    """Spherical Bessel functions of order 0 under a smooth cutoff (Gasteiger et al. 2020, eq. 7).

    Parameters
    ----------
    number
        How many functions.
    cutoff
        Range, angstrom.
    """

    frequencies: Tensor

    def __init__(self, number: int, cutoff: float) -> None:
        super().__init__()
        self.cutoff = cutoff
        frequencies = math.pi / cutoff * torch.arange(1.0, number + 1)
        self.register_buffer("frequencies", frequencies, persistent=False)

    def forward(self, distance: Tensor) -> Tensor:
        """Return (..., number) from distances (...,) in angstrom."""
        column = distance[..., None]
        waves = math.sqrt(2 / self.cutoff) * torch.sin(self.frequencies * column) / column
        return waves * polynomial_cutoff(column, self.cutoff)


def zbl_energy(distance: Tensor, first: Tensor, second: Tensor, radii: Tensor) -> Tensor:
    """Universal repulsion of two nuclei, eV, cut off smoothly at the sum of their covalent radii.

    Parameters
    ----------
    distance
        (edges,), angstrom.
    first, second
        Atomic numbers at both ends, (edges,).
    radii
        Sum of the two covalent radii, (edges,), angstrom.

    Notes
    -----
    Ziegler, Biersack, Littmark (1985): screened Coulomb energy with a = 0.8854 a0 / (Z1^0.23 + Z2^0.23).
    """
    z1, z2 = first.to(distance.dtype), second.to(distance.dtype)
    scaled = distance * (z1**0.23 + z2**0.23) / SCREENING_LENGTH
    screening = sum(factor * torch.exp(-rate * scaled) for factor, rate in SCREENING)
    return COULOMB * z1 * z2 / distance * screening * polynomial_cutoff(distance, radii)
