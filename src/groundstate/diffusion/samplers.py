"""Samplers of a variance-preserving process: ancestral, DDIM, and a second-order multistep solver.

A step is ``step(noisy, clean, log_snr, log_snr_next, ...)`` with scalar log-SNR tensors; ``sample`` strings
steps together. Noise comes from the caller, so that each sample can own its random stream.
"""

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor

from groundstate.diffusion.schedules import alpha_sigma

Denoiser = Callable[[Tensor, Tensor], Tensor]
Noise = Callable[[], Tensor]
Method = Literal["ancestral", "ddim", "second_order"]


def ddim_step(noisy: Tensor, clean: Tensor, log_snr: Tensor, log_snr_next: Tensor) -> Tensor:
    """Deterministic first-order step of the probability-flow ODE (Song et al. 2021, eq. 12, eta = 0)."""
    alpha, sigma = alpha_sigma(log_snr)
    alpha_next, sigma_next = alpha_sigma(log_snr_next)
    return alpha_next * clean + (sigma_next / sigma) * (noisy - alpha * clean)


def ancestral_step(
    noisy: Tensor, clean: Tensor, log_snr: Tensor, log_snr_next: Tensor, noise: Tensor, interpolation: float
) -> Tensor:
    """Step of the reverse Markov chain.

    ``interpolation`` mixes the log of the two bounds of the reverse variance: 0 is the posterior variance
    given the clean value (lower bound), 1 the forward variance of the step (upper bound); 0.1 in UniMat.
    Source: Ho et al. 2020, section 3.2; the interpolation is Nichol and Dhariwal 2021, eq. 15.
    """
    alpha, _ = alpha_sigma(log_snr)
    alpha_next, sigma_next = alpha_sigma(log_snr_next)
    ratio = torch.exp(log_snr - log_snr_next)
    step_variance = -torch.expm1(log_snr - log_snr_next)
    mean = ratio * (alpha_next / alpha) * noisy + step_variance * alpha_next * clean
    # The forward variance of the step, 1 - (alpha / alpha_next)^2, written without cancellation.
    upper = torch.sigmoid(-log_snr) * step_variance
    lower = sigma_next**2 * step_variance
    variance = upper**interpolation * lower ** (1 - interpolation)
    return mean + variance.sqrt() * noise


def second_order_step(
    noisy: Tensor,
    clean: Tensor,
    log_snr: Tensor,
    log_snr_next: Tensor,
    clean_last: Tensor | None,
    log_snr_last: Tensor | None,
) -> Tensor:
    """DPM-Solver++(2M): a multistep solver of second order at one network call a step.

    Without a previous prediction it is the first-order (DDIM) step.
    Source: Lu et al. 2022, "DPM-Solver++", algorithm 2.
    """
    if clean_last is None or log_snr_last is None:
        return ddim_step(noisy, clean, log_snr, log_snr_next)
    ratio = (log_snr - log_snr_last) / (log_snr_next - log_snr)
    extrapolated = clean + (clean - clean_last) / (2 * ratio)
    return ddim_step(noisy, extrapolated, log_snr, log_snr_next)


def sample(
    denoise: Denoiser,
    start: Tensor,
    log_snrs: Tensor,
    method: Method = "ddim",
    noise: Noise | None = None,
    interpolation: float = 0.1,
) -> Tensor:
    """Carry ``start`` (batch, ...) of unit-variance noise down the schedule to a clean sample.

    Parameters
    ----------
    denoise
        Maps the noisy tensor and a log-SNR of shape (batch,) to the predicted clean tensor.
    log_snrs
        Rising values, from ``log_snr_steps``. The last network call is at the last but one, and its predicted
        clean value is the result: at the end of the schedule nothing is left to remove.
    noise
        Gives a fresh standard normal tensor shaped like ``start``; only ``ancestral`` asks for it.
    """
    current, last, last_snr = start, None, None
    for index in range(len(log_snrs) - 1):
        now, following = (log_snrs[i].to(start.dtype) for i in (index, index + 1))
        clean = denoise(current, now.expand(len(start)))
        if index == len(log_snrs) - 2:
            return clean
        if method == "ancestral":
            if noise is None:
                raise ValueError("ancestral sampling needs a source of noise")
            current = ancestral_step(current, clean, now, following, noise(), interpolation)
        elif method == "ddim":
            current = ddim_step(current, clean, now, following)
        else:
            current = second_order_step(current, clean, now, following, last, last_snr)
        last, last_snr = clean, now
    return current
