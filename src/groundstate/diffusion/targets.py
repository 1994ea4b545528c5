"""What the network is asked to predict: noise, velocity or the clean value."""

from typing import Literal

import torch
from torch import Tensor

from groundstate.diffusion.schedules import alpha_sigma, expand

Target = Literal["eps", "v", "x0"]


def regression_target(clean: Tensor, noise: Tensor, log_snr: Tensor, target: Target) -> Tensor:
    """Return the tensor that the network's output is regressed to.

    ``eps`` is the noise, ``x0`` the clean value, ``v = alpha eps - sigma x0`` (Salimans and Ho 2022, eq. 10).
    """
    if target == "eps":
        return noise
    if target == "x0":
        return clean
    alpha, sigma = (expand(factor, clean) for factor in alpha_sigma(log_snr))
    return alpha * noise - sigma * clean


def to_clean(output: Tensor, noisy: Tensor, log_snr: Tensor, target: Target) -> Tensor:
    """Turn a network's output into the predicted clean value (the inverse of ``regression_target``)."""
    if target == "x0":
        return output
    alpha, sigma = (expand(factor, noisy) for factor in alpha_sigma(log_snr))
    if target == "eps":
        return (noisy - sigma * output) / alpha
    return alpha * noisy - sigma * output


def min_snr_weight(log_snr: Tensor, target: Target, gamma: float = 5.0) -> Tensor:
    """Min-SNR-gamma weight of the squared error of ``target`` (Hang et al. 2023, section 3.4).

    ``min(snr, gamma)`` for ``x0``, divided by snr for ``eps`` and by snr + 1 for ``v``.
    """
    snr = torch.exp(log_snr)
    clipped = snr.clamp(max=gamma)
    if target == "x0":
        return clipped
    return clipped / snr if target == "eps" else clipped / (snr + 1)
