"""What a batch of crystals keeps while it is denoised: operations on places, on noise and on cells."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from groundstate.crystals.models.compact.network import cell_from_log, log_from_metric
from groundstate.crystals.models.compact.space_groups import Symmetric

MOST = 48  # rotations of a lattice


class Symmetry(NamedTuple):
    """Of crystals of n atoms each, in their reduced cells; see ``space_groups.Symmetric``.

    Shapes: ``projection`` and ``spread`` (batch, 3 n, 3 n), ``rotations`` (batch, 48, 3, 3), ``weights``
    (batch, 48).
    """

    projection: Tensor
    spread: Tensor
    rotations: Tensor
    weights: Tensor

    @classmethod
    def of(cls, crystals: Sequence[Symmetric | None], number: int, device: torch.device) -> "Symmetry":
        """Put the symmetries of crystals of ``number`` atoms together; None is none."""
        projection = np.tile(np.eye(3 * number, dtype=np.float32), (len(crystals), 1, 1))
        spread = projection.copy()
        rotations = np.zeros((len(crystals), MOST, 3, 3), dtype=np.float32)
        weights = np.zeros((len(crystals), MOST), dtype=np.float32)
        rotations[:, 0], weights[:, 0] = np.eye(3), 1.0
        for row, crystal in enumerate(crystals):
            if crystal is not None:
                projection[row], spread[row] = crystal.displacement, crystal.spread
                size = len(crystal.rotations)
                rotations[row, :size], weights[row, :size] = crystal.rotations, 1 / size
        return cls(*(torch.as_tensor(one, device=device) for one in (projection, spread, rotations, weights)))

    def rows(self, rows: Tensor) -> "Symmetry":
        """Return those of some rows."""
        return Symmetry(*(one[rows] for one in self))

    def displacement(self, displacement: Tensor) -> Tensor:
        """Return the part of displacements (batch, n, 3), in periods, that keeps the symmetry."""
        return (self.projection @ displacement.flatten(1)[..., None]).view_as(displacement)

    def noise(self, noise: Tensor) -> Tensor:
        """Return noise (batch, n, 3) that keeps it: that of an atom of each orbit, carried to the others."""
        return (self.spread @ noise.flatten(1)[..., None]).view_as(noise)

    def metric(self, log_metric: Tensor) -> Tensor:
        """Return log metrics (batch, 6), averaged as metrics over the rotations."""
        cell = cell_from_log(log_metric)
        mean = torch.einsum(
            "bg,bgxa,bxy,bgyc->bac", self.weights, self.rotations, cell @ cell, self.rotations
        )
        return log_from_metric(mean)
