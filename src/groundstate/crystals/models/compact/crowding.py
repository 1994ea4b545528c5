"""Atoms that stand on one another: what a sampler may leave, and no crystal has."""

import torch
from ase.data import covalent_radii
from torch import Tensor

from groundstate.crystals.models.compact.network import cell_from_log

# Of the sum of the covalent radii; none of 150 validation crystals of MP-20 has a pair within .7 of it.
NEAREST = 0.65
_IMAGES = torch.cartesian_prod(*[torch.arange(-1.0, 2.0)] * 3)


def is_crowded(atomic_numbers: Tensor, log_metric: Tensor, frac_coords: Tensor) -> Tensor:
    """Say which crystals (batch,) have two atoms nearer than 0.65 of the sum of their covalent radii.

    Shapes: ``atomic_numbers`` (batch, n), ``log_metric`` (batch, 6) of reduced cells, ``frac_coords``
    (batch, n, 3).
    """
    radii = torch.as_tensor(covalent_radii).to(frac_coords)[atomic_numbers]
    between = frac_coords[:, :, None] - frac_coords[:, None]
    between = between - between.round()
    cells = cell_from_log(log_metric)[:, None, None]
    itself = torch.eye(frac_coords.shape[1], dtype=torch.bool, device=frac_coords.device)
    nearest = torch.full_like(between[..., 0], torch.inf)
    for image in _IMAGES.to(frac_coords):
        distance = ((between + image)[..., None, :] @ cells)[..., 0, :].norm(dim=-1)
        if not image.any():
            distance = distance.masked_fill(itself, torch.inf)
        nearest = torch.minimum(nearest, distance)
    return (nearest < NEAREST * (radii[:, :, None] + radii[:, None])).flatten(1).any(1)
