"""The losses of a ranker: which candidate is nearest, and its energy, never which molecule is easy."""

import torch
from torch import Tensor

TEMPERATURE = 0.015  # angstrom: candidates whose errors differ by less are about equally right
WINDOW = 3.0  # kcal/mol above the lowest candidate, where an energy counts half


def ranking_loss(scores: Tensor, errors: Tensor, molecule: Tensor, molecules: int) -> tuple[Tensor, Tensor]:
    """Compute the cross entropy of softmax(scores) and softmax(-errors / ``TEMPERATURE``) in each molecule.

    Parameters
    ----------
    scores, errors
        (C,) of the candidates; errors in angstrom.
    molecule
        (C,) molecule of each, ascending.

    Returns
    -------
    tuple of Tensor
        The mean over molecules, and the mean error of the candidates with the highest score, in angstrom.
    """
    target = log_softmax_within(-errors / TEMPERATURE, molecule, molecules).exp()
    logarithms = log_softmax_within(scores, molecule, molecules)
    # what is left of the target's own entropy would only shift the curve
    loss = (target * (torch.log(target.clamp_min(1e-9)) - logarithms)).sum() / molecules
    top = scores.new_full((molecules,), -torch.inf).scatter_reduce(0, molecule, scores, "amax")
    chosen = (scores == top[molecule]).to(scores.dtype)
    count = torch.zeros_like(top).index_add(0, molecule, chosen)
    mean = torch.zeros_like(top).index_add(0, molecule, chosen * errors) / count
    return loss, mean.mean().detach()


def energy_loss(energies: Tensor, target: Tensor, molecule: Tensor, molecules: int) -> Tensor:
    """Compute the mean absolute error of relative energies, kcal/mol; low ones count more (``WINDOW``).

    Parameters
    ----------
    energies, target
        (C,) in kcal/mol from any zero of each molecule; a target that is not a number is not learned.
    molecule
        (C,) molecule of each, ascending.
    """
    known = torch.isfinite(target)
    energies, target, molecule = energies[known], target[known], molecule[known]
    lowest = target.new_full((molecules,), torch.inf).scatter_reduce(0, molecule, target, "amin")
    weight = 1 / (1 + (target - lowest[molecule]) / WINDOW)
    total = torch.zeros_like(lowest).index_add(0, molecule, weight)
    difference = energies - target
    mean = torch.zeros_like(lowest).index_add(0, molecule, weight * difference) / total.clamp_min(1e-9)
    error = (weight * (difference - mean[molecule]).abs()).sum()
    return error / weight.sum().clamp_min(1e-9)


def log_softmax_within(values: Tensor, molecule: Tensor, molecules: int) -> Tensor:
    """Compute the logarithm of the softmax over the candidates of each molecule."""
    top = values.new_full((molecules,), -torch.inf).scatter_reduce(0, molecule, values.detach(), "amax")
    shifted = values - top[molecule]
    total = torch.zeros_like(top).index_add(0, molecule, shifted.exp())
    return shifted - total.log()[molecule]
