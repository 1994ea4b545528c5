"""What the networks of the structure stage share: what they are asked; how cells and noise are measured."""

import math
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from groundstate.diffusion import torus_sigma

_ROWS, _COLUMNS = (0, 1, 2, 1, 0, 0), (0, 1, 2, 2, 2, 1)
# From a hundredth of the cell, below which nothing is learned in minutes, to where what the network sees is
# uniform to within 2 %: the coordinates, or their differences, which have twice the variance.
SMALLEST, LARGEST, LARGEST_OF_DIFFERENCES = 0.01, 0.5, 0.35


class TemplateTensors(NamedTuple):
    """Templates of a batch, in the crystals' frame and order of atoms; ``given`` 0 is none.

    Shapes: ``numbers`` (batch, n) the template's own elements, ``frac_coords`` (batch, n, 3), ``log_metric``
    (batch, 6) with the volume that the crystal's elements suggest, ``lattice`` (batch, 6) the same
    standardised, ``given`` (batch,).
    """

    numbers: Tensor
    frac_coords: Tensor
    log_metric: Tensor
    lattice: Tensor
    given: Tensor

    def rows(self, rows: Tensor, longest: int) -> "TemplateTensors":
        """Return those of some rows, cut to ``longest`` atoms."""
        numbers, frac, *rest = (values[rows] for values in self)
        return TemplateTensors(numbers[:, :longest], frac[:, :longest], *rest)


class NoisyCrystals(NamedTuple):
    """What a network sees.

    Attributes
    ----------
    atomic_numbers, frac_coords
        (batch, n) and (batch, n, 3).
    lattice
        (batch, 6) noisy, standardised.
    log_metric
        (batch, 6) the network's cell for distances: the expected log metric given ``lattice``.
    time
        (batch,) in [0, 1], or (1,) where it is one for all; ``conditions`` likewise.
    mask
        (batch, n) atoms that exist; None where all do.
    template
        None, or what is not ``given``, is no template.
    """

    atomic_numbers: Tensor
    frac_coords: Tensor
    lattice: Tensor
    log_metric: Tensor
    time: Tensor
    conditions: Tensor | None = None
    mask: Tensor | None = None
    template: TemplateTensors | None = None


class Network(Protocol):
    """What the structure stage asks of a network."""

    absolute: bool

    def __call__(self, noisy: NoisyCrystals) -> tuple[Tensor, Tensor]:
        """Return the velocity of the lattice (batch, 6) and the noise of the coordinates (batch, n, 3)."""
        ...


def cell_from_log(six: Tensor) -> Tensor:
    """Return symmetric cells (batch, 3, 3) in angstrom from their log metric (batch, 6), clipped."""
    symmetric = six.new_zeros(len(six), 3, 3)
    symmetric[:, _ROWS, _COLUMNS] = six
    symmetric[:, _COLUMNS, _ROWS] = six
    return torch.linalg.matrix_exp(symmetric.clamp(-6, 6))


def log_from_metric(metric: Tensor) -> Tensor:
    """Return the log metric (batch, 6) of metrics (batch, 3, 3), square angstrom; the way back."""
    values, vectors = torch.linalg.eigh(metric)
    half = 0.5 * values.clamp(min=1e-6).log()
    return ((vectors * half[:, None]) @ vectors.mT)[:, _ROWS, _COLUMNS]


def neighbour_distance(log_metric: Tensor, count: Tensor) -> Tensor:
    """Return the cube root of the volume per atom (batch,), angstrom, within bounds."""
    return (torch.exp(log_metric[:, :3].sum(-1)) / count).pow(1 / 3).clamp(0.5, 20.0)


def visible(network: Network, noise: Tensor, weight: Tensor) -> Tensor:
    """Return the part of the noise (batch, n, 3) of the atoms of ``weight`` 1 that a network can see.

    All of it with absolute places, else what does not move all atoms together; 0 for the other atoms.
    """
    if network.absolute:
        return noise * weight
    return (noise - (noise * weight).sum(1, keepdim=True) / weight.sum(1, keepdim=True)) * weight


def waves(frac_coords: Tensor, frequencies: int) -> tuple[Tensor, Tensor]:
    """Return sines and cosines of (..., 3) coordinates at whole frequencies: two of (..., 3, frequencies)."""
    order = torch.arange(1, frequencies + 1, device=frac_coords.device, dtype=frac_coords.dtype)
    angles = 2 * math.pi * frac_coords[..., None] * order
    return angles.sin(), angles.cos()


def pair_waves(frac_coords: Tensor, frequencies: int) -> tuple[Tensor, Tensor]:
    """Return the same of the differences, atom j less atom i: two of (batch, n, n, 3, frequencies).

    They come from the waves of the two ends: n sines instead of n squared.
    """
    sin, cos = waves(frac_coords, frequencies)
    sin_j, cos_j, sin_i, cos_i = sin[:, None], cos[:, None], sin[:, :, None], cos[:, :, None]
    return sin_j * cos_i - cos_j * sin_i, cos_j * cos_i + sin_j * sin_i


def coordinate_sigma(network: Network, time: Tensor) -> Tensor:
    """Return the noise of the coordinates at ``time``, in periods."""
    return torus_sigma(time, SMALLEST, LARGEST if network.absolute else LARGEST_OF_DIFFERENCES)
