"""The three targets are three names of one prediction."""

import pytest
import torch

from groundstate.diffusion import alpha_sigma, min_snr_weight, regression_target, to_clean


@pytest.mark.parametrize("target", ["eps", "v", "x0"])
def test_the_true_target_gives_back_the_clean_value(target: str) -> None:
    generator = torch.Generator().manual_seed(0)
    clean, noise = torch.randn(2, 6, 3, 4, dtype=torch.float64, generator=generator)
    log_snr = torch.linspace(-8, 8, 6, dtype=torch.float64)
    alpha, sigma = (factor[:, None, None] for factor in alpha_sigma(log_snr))
    noisy = alpha * clean + sigma * noise
    output = regression_target(clean, noise, log_snr, target)
    torch.testing.assert_close(to_clean(output, noisy, log_snr, target), clean)


@pytest.mark.parametrize("target", ["eps", "v"])
def test_min_snr_weights_of_all_targets_weigh_the_clean_error_alike(target: str) -> None:
    log_snr = torch.linspace(-6, 6, 7, dtype=torch.float64)
    generator = torch.Generator().manual_seed(1)
    noisy, one, other = torch.randn(3, 7, 5, dtype=torch.float64, generator=generator)
    clean_error = to_clean(one, noisy, log_snr, target) - to_clean(other, noisy, log_snr, target)
    weighted = min_snr_weight(log_snr, target)[:, None] * (one - other) ** 2
    torch.testing.assert_close(weighted, min_snr_weight(log_snr, "x0")[:, None] * clean_error**2)
