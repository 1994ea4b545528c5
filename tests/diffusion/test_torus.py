"""Diffusion on the circle against the heat kernel written out."""

import itertools
import math

import torch
from torch import Tensor

from groundstate.diffusion import add_torus_noise, second_order_torus_step, torus_sigma, torus_step, wrap

CENTRE, WIDTH = 0.05, 0.08  # near the seam on purpose


def predicted_noise(points: Tensor, sigma: float) -> Tensor:
    """Minus sigma times the score of a wrapped normal of variance WIDTH^2 + sigma^2, from its lattice sum."""
    variance = WIDTH**2 + sigma**2
    images = points[..., None] - CENTRE + torch.arange(-6, 7, dtype=points.dtype)
    weights = torch.softmax(-(images**2) / (2 * variance), -1)
    return sigma * (weights * images).sum(-1) / variance


def test_wrap_is_the_shortest_way() -> None:
    values = torch.tensor([0.0, 0.49, 0.5, 0.51, 1.2, -0.7], dtype=torch.float64)
    expected = torch.tensor([0.0, 0.49, -0.5, -0.49, 0.2, 0.3], dtype=torch.float64)
    torch.testing.assert_close(wrap(values), expected)


def test_largest_noise_is_uniform_to_the_stated_precision() -> None:
    sigma = float(torus_sigma(torch.tensor(1.0)))
    assert 2 * math.exp(-2 * math.pi**2 * sigma**2) < 0.015
    noise = torch.randn(100_000, generator=torch.Generator().manual_seed(0))
    drawn = add_torus_noise(torch.full((100_000,), 0.2), noise, torch.full((100_000,), sigma))
    assert abs(torch.cos(2 * math.pi * (drawn - 0.2)).mean() - math.exp(-2 * math.pi**2 * sigma**2)) < 0.01


def test_mean_of_the_added_noise_is_the_wrapped_score() -> None:
    generator = torch.Generator().manual_seed(1)
    sigma, count = 0.3, 100_000
    clean = CENTRE + WIDTH * torch.randn(count, dtype=torch.float64, generator=generator)
    noise = torch.randn(count, dtype=torch.float64, generator=generator)
    noisy = add_torus_noise(clean, noise, torch.full((count,), sigma, dtype=torch.float64))
    edges = torch.linspace(0, 1, 21, dtype=torch.float64)
    for low, high in itertools.pairwise(edges):
        inside = (noisy >= low) & (noisy < high)
        expected = predicted_noise(noisy[inside], sigma).mean()
        assert abs(noise[inside].mean() - expected) < 6 / math.sqrt(int(inside.sum()))


def test_a_stronger_pull_gathers_samples_at_the_likeliest_place() -> None:
    deviations = []
    for pull in (1.0, 2.0, 4.0):
        generator = torch.Generator().manual_seed(2)
        points = torch.rand(5_000, dtype=torch.float64, generator=generator)
        sigmas = torus_sigma(torch.linspace(1, 0, 121, dtype=torch.float64))
        for sigma, following in itertools.pairwise(sigmas):
            fresh = torch.randn(points.shape, dtype=torch.float64, generator=generator)
            noise = predicted_noise(points, float(sigma))
            points = torus_step(points, noise, sigma, following, fresh, pull)
        away = wrap(points - CENTRE)
        assert abs(away.mean()) < 0.006
        deviations.append(float(away.std()))
    assert deviations[0] > 1.2 * deviations[1] > 1.4 * deviations[2]


def test_sampling_with_the_exact_score_gives_the_wrapped_normal() -> None:
    for stochastic in (False, True):
        generator = torch.Generator().manual_seed(2)
        points = torch.rand(20_000, dtype=torch.float64, generator=generator)
        sigmas = [*torus_sigma(torch.linspace(1, 0, 121, dtype=torch.float64)), torch.tensor(0.0)]
        for sigma, following in itertools.pairwise(sigmas):
            fresh = (
                torch.randn(points.shape, dtype=torch.float64, generator=generator) if stochastic else None
            )
            points = torus_step(points, predicted_noise(points, float(sigma)), sigma, following, fresh)
        away = wrap(points - CENTRE)
        assert abs(away.mean()) < 0.004
        assert abs(away.std() / WIDTH - 1) < 0.05


def test_the_second_order_step_is_of_second_order() -> None:
    """End points of the exact flow, coarse against fine: half the step, a quarter of the error."""

    def flow(steps: int, second: bool) -> Tensor:
        points = torch.linspace(0.01, 0.99, 50, dtype=torch.float64)
        sigmas = torus_sigma(torch.linspace(1, 0, steps + 1, dtype=torch.float64), 0.02, 0.4)
        last = last_sigma = None
        for sigma, following in itertools.pairwise(sigmas):
            now = predicted_noise(points, float(sigma))
            if second and last is not None:
                points = second_order_torus_step(points, now, sigma, following, last, last_sigma)
            else:
                points = torus_step(points, now, sigma, following)
            last, last_sigma = now, sigma
        return points

    exact = flow(4000, True)
    errors = {
        second: [float(wrap(flow(n, second) - exact).abs().mean()) for n in (40, 80)]
        for second in (False, True)
    }
    assert 1.7 < errors[False][0] / errors[False][1] < 2.3
    assert 3.3 < errors[True][0] / errors[True][1] < 4.7
