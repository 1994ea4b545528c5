"""The loss of a ranker: which candidate of a molecule is nearest, never which molecule is easy."""

import torch
from torch import Tensor

TEMPERATURE = 0.015  # angstrom: candidates whose errors differ by less are about equally right


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


def log_softmax_within(values: Tensor, molecule: Tensor, molecules: int) -> Tensor:
    """Compute the logarithm of the softmax over the candidates of each molecule."""
    top = values.new_full((molecules,), -torch.inf).scatter_reduce(0, molecule, values.detach(), "amax")
    shifted = values - top[molecule]
    total = torch.zeros_like(top).index_add(0, molecule, shifted.exp())
    return shifted - total.log()[molecule]
