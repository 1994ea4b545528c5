"""Diffusion of fractional coordinates on the circle: the heat equation instead of a Gaussian on a line.

Coordinates have period 1 and no origin, so there is nothing to scale towards: noise is added and wrapped
(variance exploding), and at ``sigma`` of one half the distribution is uniform to within 0.7 %.
"""

import math

import torch
from torch import Tensor

from groundstate.diffusion.schedules import expand


def wrap(difference: Tensor) -> Tensor:
    """Map to [-1/2, 1/2): the shortest way round the circle."""
    return difference - torch.floor(difference + 0.5)


def torus_sigma(time: Tensor, smallest: float = 0.005, largest: float = 0.5) -> Tensor:
    """Geometric schedule of the standard deviation, in periods, from t = 0 (clean) to 1 (uniform)."""
    return torch.exp(math.log(smallest) * (1 - time) + math.log(largest) * time)


def add_torus_noise(clean: Tensor, noise: Tensor, sigma: Tensor) -> Tensor:
    """Noisy coordinates in [0, 1).

    Regressing ``noise`` from them gives minus ``sigma`` times the score of the wrapped density, exactly:
    the mean over the lifts of a point to the line is what the wrapped score is (Jing et al. 2022; Jiao et
    al. 2023 sum the series instead).
    """
    return torch.remainder(clean + expand(sigma, clean) * noise, 1.0)


def torus_step(
    noisy: Tensor,
    predicted_noise: Tensor,
    sigma: Tensor,
    sigma_next: Tensor,
    noise: Tensor | None = None,
    pull: float = 1.0,
) -> Tensor:
    """One step from ``sigma`` to ``sigma_next``: deterministic, or ancestral where ``noise`` is given.

    Shapes: coordinates (..., 3) in periods; ``sigma`` scalars. ``pull`` is a factor of the way that an
    ancestral step goes towards the prediction: above 1 it runs ahead of the noise, towards what is likeliest.
    """
    if noise is None:
        moved = noisy - (sigma - sigma_next) * predicted_noise
    else:
        share = 1 - (sigma_next / sigma) ** 2
        moved = noisy - pull * share * sigma * predicted_noise + share.sqrt() * sigma_next * noise
    return torch.remainder(moved, 1.0)


def second_order_torus_step(
    noisy: Tensor,
    predicted_noise: Tensor,
    sigma: Tensor,
    sigma_next: Tensor,
    predicted_last: Tensor,
    sigma_last: Tensor,
) -> Tensor:
    """Deterministic step of second order: the prediction is carried on along its line through the last one.

    The probability-flow ODE in sigma is ``dx / dsigma = predicted noise``; this is the two-step
    Adams-Bashforth rule with unequal steps.
    """
    ahead = (sigma_next - sigma) / (2 * (sigma - sigma_last))
    return torch.remainder(
        noisy + (sigma_next - sigma) * torch.lerp(predicted_last, predicted_noise, 1 + ahead), 1.0
    )
