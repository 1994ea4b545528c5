"""Cells as six numbers of order one: the log metric less what the composition says of it, standardised."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from groundstate.crystals.crystal import MAX_NUMBER
from groundstate.crystals.models.compact.network import TemplateTensors


def diagonal(volume: Tensor) -> Tensor:
    """Return the log metric (cells, 6) of cubes of a volume (cells,), cubic angstrom."""
    return functional.pad((volume.clamp(min=1.0).log() / 3)[:, None].expand(-1, 3), (0, 3))


class CellScale(nn.Module):
    """Log metrics as six numbers of order one, and back."""

    atom_volumes: Tensor
    mean: Tensor
    deviation: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("atom_volumes", torch.ones(MAX_NUMBER + 1))
        self.register_buffer("mean", torch.zeros(6))
        self.register_buffer("deviation", torch.ones(6))

    def fit(self, metrics: Tensor, counts: Tensor) -> None:
        """Take the statistics of log metrics (cells, 6) and counts (cells, 119)."""
        volumes = metrics[:, :3].sum(-1).double().exp().numpy()
        self.atom_volumes.copy_(torch.as_tensor(fit_atom_volumes(counts.numpy(), volumes)))
        raw = metrics - self.offset(counts)
        self.mean.copy_(raw.mean(0))
        # The floor keeps a set of one cell shape (cubic perovskites) from being scaled up to noise.
        self.deviation.copy_(raw.std(0).clamp(min=0.02))

    def volumes(self, counts: Tensor) -> Tensor:
        """Return what atoms (cells, 119) take together, (cells,) cubic angstrom."""
        return (counts * self.atom_volumes).sum(-1)

    def offset(self, counts: Tensor) -> Tensor:
        """Return what the composition says of the log metric: a third of the log volume on the diagonal."""
        return diagonal(self.volumes(counts))

    def template(self, numbers: Tensor, frac: Tensor, metric: Tensor, counts: Tensor) -> TemplateTensors:
        """Return templates as the network reads them, their volumes changed to those of other elements.

        ``numbers`` (cells, n) are the templates' own elements, 0 where there is none, ``metric`` (cells, 6)
        their own log metrics, ``counts`` (cells, 119) of the crystals that they are templates of.
        """
        own = (self.atom_volumes[numbers] * (numbers > 0)).sum(-1)
        lattice = self.standardised(metric, diagonal(own))
        return TemplateTensors(
            numbers,
            frac,
            self.expected(lattice, torch.ones_like(lattice[:, :1]), self.offset(counts)),
            lattice,
            (numbers[:, 0] > 0).to(frac.dtype),
        )

    def standardised(self, metrics: Tensor, offset: Tensor) -> Tensor:
        """Return (cells, 6) of mean 0 and deviation 1 over the training set."""
        return (metrics - offset - self.mean) / self.deviation

    def expected(self, noisy: Tensor, alpha: Tensor, offset: Tensor) -> Tensor:
        """Return the log metric that a noisy standardised one stands for, were it Gaussian."""
        return self.mean + self.deviation * alpha * noisy + offset


def fit_atom_volumes(counts: np.ndarray, volumes: np.ndarray) -> np.ndarray:
    """Estimate the volume of an atom of each element, (119,) cubic angstrom, from cells and their counts.

    Ridge regression of the relative error towards the mean volume per atom, which is what an element without
    data gets.
    """
    mean = volumes.sum() / counts.sum()
    relative = counts * mean / volumes[:, None]
    residual = 1.0 - relative.sum(1)
    solution = np.linalg.solve(relative.T @ relative + np.eye(counts.shape[1]), relative.T @ residual)
    return mean * np.clip(1.0 + solution, 0.2, 5.0)
