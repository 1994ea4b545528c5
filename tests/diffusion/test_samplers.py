"""Samplers on a Gaussian, whose exact denoiser is known."""

import itertools
import math

import pytest
import torch
from torch import Tensor

from groundstate.diffusion import alpha_sigma, log_snr_steps, sample

MEAN, DEVIATION = 0.7, 0.4


def denoise(noisy: Tensor, log_snr: Tensor) -> Tensor:
    """Posterior mean of N(MEAN, DEVIATION^2) seen through the noise."""
    alpha, sigma = (factor.reshape(-1, 1) for factor in alpha_sigma(log_snr))
    gain = alpha * DEVIATION**2 / (alpha**2 * DEVIATION**2 + sigma**2)
    return MEAN + gain * (noisy - alpha * MEAN)


def flow(start: Tensor, log_snrs: Tensor) -> Tensor:
    """The probability-flow ODE from the first to the last log-SNR, solved by hand, then denoised."""
    alpha, sigma = alpha_sigma(log_snrs[[0, -2]])
    spread = (alpha**2 * DEVIATION**2 + sigma**2).sqrt()
    end = alpha[1] * MEAN + (start - alpha[0] * MEAN) * spread[1] / spread[0]
    return denoise(end, log_snrs[-2].expand(len(start)))


@pytest.mark.parametrize("method", ["ancestral", "ddim", "second_order"])
def test_sampled_mean_and_variance_match(method: str) -> None:
    generator = torch.Generator().manual_seed(0)
    start = torch.randn(20000, 1, dtype=torch.float64, generator=generator)

    def noise() -> Tensor:
        return torch.randn(start.shape, dtype=torch.float64, generator=generator)

    interpolation = {"ancestral": 0.1}.get(method, 0.0)
    drawn = sample(denoise, start, log_snr_steps(256), method, noise, interpolation)
    error = DEVIATION / math.sqrt(len(start))
    assert abs(drawn.mean() - MEAN) < 5 * error
    assert abs(drawn.std() / DEVIATION - 1) < 0.03


@pytest.mark.parametrize(("method", "order"), [("ddim", 1), ("second_order", 2)])
def test_order_of_accuracy_is_visible(method: str, order: int) -> None:
    start = torch.linspace(-2, 2, 9, dtype=torch.float64)[:, None]
    errors = []
    for steps in (40, 80, 160):
        # Uniform in log-SNR: the orders are those of the step in log-SNR.
        log_snrs = torch.linspace(-8, 8, steps + 1, dtype=torch.float64)
        errors.append(float((sample(denoise, start, log_snrs, method) - flow(start, log_snrs)).abs().max()))
    rates = [math.log2(a / b) for a, b in itertools.pairwise(errors)]
    assert all(abs(rate - order) < 0.25 for rate in rates), rates


def test_posterior_variance_bounds_are_both_reached() -> None:
    """At the lower bound one step keeps the marginal of a point mass; the upper one is the forward step."""
    from groundstate.diffusion import ancestral_step

    log_snr, following = torch.tensor(-1.0, dtype=torch.float64), torch.tensor(0.5, dtype=torch.float64)
    alpha, sigma = alpha_sigma(log_snr)
    alpha_next, sigma_next = alpha_sigma(following)
    clean = torch.tensor(0.3, dtype=torch.float64)

    def outcome(old: float, new: float, interpolation: float) -> float:
        noisy = alpha * clean + sigma * old
        fresh = torch.tensor(new, dtype=torch.float64)
        return float(ancestral_step(noisy, clean, log_snr, following, fresh, interpolation))

    base = outcome(0.0, 0.0, 0.0)
    assert abs(base - float(alpha_next * clean)) < 1e-12
    from_old, from_new = outcome(1.0, 0.0, 0.0) - base, outcome(0.0, 1.0, 0.0) - base
    assert abs(from_old**2 + from_new**2 - float(sigma_next**2)) < 1e-12
    upper = outcome(0.0, 1.0, 1.0) - base
    assert abs(upper**2 - float(1 - (alpha / alpha_next) ** 2)) < 1e-12
