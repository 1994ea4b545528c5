"""Limits and identities of the noise schedules."""

import math

import torch

from groundstate.diffusion import alpha_sigma, cosine_log_snr, log_snr_steps


def test_cosine_schedule_runs_from_clip_to_minus_clip() -> None:
    ends = cosine_log_snr(torch.tensor([0.0, 1.0], dtype=torch.float64))
    torch.testing.assert_close(ends, torch.tensor([20.0, -20.0], dtype=torch.float64))


def test_cosine_schedule_is_the_cosine_where_it_is_not_clipped() -> None:
    time = torch.linspace(0.05, 0.95, 19, dtype=torch.float64)
    alpha, sigma = alpha_sigma(cosine_log_snr(time, clip=60.0))
    torch.testing.assert_close(alpha, torch.cos(math.pi * time / 2))
    torch.testing.assert_close(sigma, torch.sin(math.pi * time / 2))


def test_alpha_and_sigma_are_finite_and_on_the_circle_at_both_ends() -> None:
    alpha, sigma = alpha_sigma(torch.tensor([-20.0, 0.0, 20.0]))
    torch.testing.assert_close(alpha**2 + sigma**2, torch.ones(3))
    assert alpha[0] > 0 and sigma[2] > 0
    assert abs(alpha[1] - 0.5**0.5) < 1e-6


def test_steps_rise_strictly_and_a_shift_raises_the_signal() -> None:
    steps, shifted = log_snr_steps(256), log_snr_steps(256, shift=3.0)
    assert len(steps) == 257
    assert bool((steps.diff() > 0).all())
    middle = shifted[128] - steps[128]
    assert abs(middle - 2 * math.log(3)) < 1e-9
