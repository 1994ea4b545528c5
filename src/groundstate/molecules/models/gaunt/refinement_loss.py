"""The loss of a refiner: distances, weighted so that only what a start can reach is learned."""

from collections.abc import Sequence
from typing import NamedTuple

from torch import Tensor

BOND_WEIGHT, ANGLE_WEIGHT, FAR_WEIGHT = 2.0, 1.0, 1.0
EARLY_WEIGHT = 0.3  # of the geometries before the last layer
IN_REACH = 0.3  # angstrom: farther off at the start means another rotamer


class Target(NamedTuple):
    """Tables of a batch, padded; ``topology`` holds the bonds between two atoms, 0 where there is no pair."""

    reference: Tensor  # (molecules, width, 3)
    start: Tensor  # (molecules, width, 3)
    topology: Tensor  # (molecules, width, width)


def refinement_loss(geometries: Sequence[Tensor], target: Target) -> tuple[Tensor, dict[str, Tensor]]:
    """Sum the L1 losses on distances of every geometry (molecules, width, 3), the last one counting most.

    Bonded and 1-3 pairs always count. Farther pairs count only where the start was within ``IN_REACH`` of the
    reference: from another rotamer the local geometry is learned, but no average of the two rotamers.

    Returns
    -------
    tuple of Tensor and dict
        The loss and, of the last geometry, the mean error of bonds, 1-3 pairs and farther pairs (angstrom).
    """
    reference, before = distances(target.reference), distances(target.start)
    reachable = (reference - before).abs() < IN_REACH
    masks = {
        "bond_mae": target.topology == 1,
        "angle_mae": target.topology == 2,
        "far_mae": (target.topology > 2) & reachable,
    }
    weights = {"bond_mae": BOND_WEIGHT, "angle_mae": ANGLE_WEIGHT, "far_mae": FAR_WEIGHT}
    total = reference.new_zeros(())
    parts: dict[str, Tensor] = {}
    for geometry in geometries:
        error = (distances(geometry) - reference).abs()
        # a product instead of error[mask] keeps shapes fixed; a batch without such pairs counts as zero
        parts = {key: (error * mask).sum() / mask.sum().clamp_min(1) for key, mask in masks.items()}
        weight = 1.0 if geometry is geometries[-1] else EARLY_WEIGHT
        total = total + weight * sum(weights[key] * value for key, value in parts.items())
    return total, {key: value.detach() for key, value in parts.items()}


def distances(table: Tensor) -> Tensor:
    """Compute all distances (molecules, width, width) in a table of positions; smooth at zero."""
    difference = table[:, :, None] - table[:, None]
    return (difference.square().sum(-1) + 1e-12).sqrt()
