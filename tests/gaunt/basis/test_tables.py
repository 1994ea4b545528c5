"""Coupling tables against sympy, against e3nn and against a quadrature that shares no code with the
library."""

import math

import numpy as np
import pytest
import torch
from e3nn import o3
from sympy.physics.wigner import real_gaunt

from groundstate.gaunt import bracket_coefficients, gaunt_coefficients, spherical_harmonics
from groundstate.gaunt.basis.harmonics import real_harmonics, surface_gradient
from groundstate.gaunt.basis.quadrature import (
    LEBEDEV_DEGREES,
    gauss_legendre,
    half_grid,
    lebedev,
    sphere_grid,
)

TRIPLES = [(a, b, c) for a in range(5) for b in range(5) for c in range(5)]


def midpoint_gaunt(l1, l2, l3):
    """Triple integral by equispaced angles and e3nn's harmonics: exact in phi, Fejer weights in theta."""
    count = 2 * (l1 + l2 + l3) + 4
    theta = (np.arange(count) + 0.5) * math.pi / count
    order = np.arange(1, count // 2)
    weight = 2 / count * (1 - 2 * (np.cos(2 * np.outer(theta, order)) / (4 * order**2 - 1)).sum(1))
    phi = 2 * math.pi * np.arange(count) / count
    t, p = (grid.ravel() for grid in np.meshgrid(theta, phi, indexing="ij"))
    points = torch.from_numpy(np.stack([np.sin(t) * np.sin(p), np.cos(t), np.sin(t) * np.cos(p)], axis=1))
    a, b, c = (o3.spherical_harmonics(k, points, True, normalization="integral") for k in (l1, l2, l3))
    weights = torch.from_numpy(np.repeat(weight, count) * 2 * math.pi / count)
    return torch.einsum("pi,pj,pk,p->ijk", a, b, c, weights)


@pytest.mark.parametrize(
    "triple", [(0, 0, 0), (1, 1, 2), (2, 3, 3), (2, 2, 4), (3, 3, 4), (1, 2, 2), (4, 1, 1)]
)
def test_gaunt_coefficients_are_the_integrals_of_three_harmonics(triple):
    assert torch.allclose(gaunt_coefficients(*triple), midpoint_gaunt(*triple), atol=1e-13, rtol=0)


def test_gaunt_coefficients_agree_with_sympy():
    """Absolute values, since sympy's real harmonics carry other signs; every entry of degrees up to 2."""
    for l1, l2, l3 in [(a, b, c) for a, b, c in TRIPLES if max(a, b, c) <= 2]:
        table = gaunt_coefficients(l1, l2, l3)
        for i in range(-l1, l1 + 1):
            for j in range(-l2, l2 + 1):
                for k in range(-l3, l3 + 1):
                    expected = abs(float(real_gaunt(l1, l2, l3, i, j, k)))
                    assert abs(table[i + l1, j + l2, k + l3]).item() == pytest.approx(expected, abs=1e-13)


@pytest.mark.parametrize("triple", TRIPLES)
def test_even_paths_are_constants_times_wigner_3j_and_odd_paths_vanish(triple):
    table = gaunt_coefficients(*triple)
    l1, l2, l3 = triple
    if (l1 + l2 + l3) % 2 or not abs(l1 - l2) <= l3 <= l1 + l2:
        assert torch.count_nonzero(table) == 0
        return
    w3j = o3.wigner_3j(*triple, dtype=torch.float64)
    constant = (table * w3j).sum()
    assert abs(constant) > 1e-3
    assert torch.allclose(table, constant * w3j, atol=1e-13, rtol=0)


@pytest.mark.parametrize("triple", TRIPLES)
def test_odd_paths_of_the_bracket_are_non_zero_constants_times_wigner_3j(triple):
    table = bracket_coefficients(*triple)
    l1, l2, l3 = triple
    if (l1 + l2 + l3) % 2 == 0 or not abs(l1 - l2) <= l3 <= l1 + l2:
        assert torch.count_nonzero(table) == 0
        return
    w3j = o3.wigner_3j(*triple, dtype=torch.float64)
    constant = (table * w3j).sum()
    assert abs(constant) > 1e-2
    assert torch.allclose(table, constant * w3j, atol=1e-12, rtol=0)


@pytest.mark.parametrize("table", [gaunt_coefficients, bracket_coefficients])
def test_negative_degree_is_refused(table):
    with pytest.raises(ValueError, match="l2=-1"):
        table(1, -1, 1)


@pytest.mark.parametrize("lmax", [0, 1, 6, 10])
def test_harmonics_agree_with_e3nn(lmax):
    vectors = torch.randn(40, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    vectors[:3] = torch.eye(3)
    expected = o3.spherical_harmonics(list(range(lmax + 1)), vectors, True, normalization="integral")
    assert torch.allclose(spherical_harmonics(lmax, vectors), expected, atol=2e-14)
    unit = torch.nn.functional.normalize(vectors, dim=-1).numpy()
    assert np.allclose(real_harmonics(tuple(range(lmax + 1)), unit).T, expected, atol=2e-14)


def test_surface_gradient_agrees_with_differences_also_at_the_poles():
    generator = np.random.default_rng(0)
    points = generator.normal(size=(6, 3))
    points[0], points[1] = (0, 1, 0), (0, -1, 0)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    degrees = (0, 1, 2, 5)
    theta, phi = surface_gradient(degrees, points)
    azimuth = np.arctan2(points[:, 0], points[:, 2])
    e_phi = np.stack([np.cos(azimuth), np.zeros(6), -np.sin(azimuth)], axis=1)
    e_theta = np.cross(e_phi, points)
    for values, direction in ((theta, e_theta), (phi, e_phi)):
        step = 1e-5
        forward, backward = (points + sign * step * direction for sign in (1, -1))
        ends = [p / np.linalg.norm(p, axis=1, keepdims=True) for p in (forward, backward)]
        slope = (real_harmonics(degrees, ends[0]) - real_harmonics(degrees, ends[1])) / (2 * step)
        assert np.allclose(values, slope, atol=1e-8)


@pytest.mark.parametrize("degree", [1, 2, 5, 12, 13, 24, 27, 30, 33, 60, 131, 135])
def test_quadrature_is_exact_to_its_degree(degree):
    lmax = degree // 2
    rules = [gauss_legendre(degree), sphere_grid(degree)]
    if degree <= LEBEDEV_DEGREES[-1]:
        rules.append(lebedev(degree))
    for points, weights in rules:
        values = (
            real_harmonics(tuple(range(lmax + 1)), points) if lmax < 31 else real_harmonics((0, lmax), points)
        )
        gram = (values * weights) @ values.T
        assert np.abs(gram - np.eye(len(gram))).max() < 1e-12


@pytest.mark.parametrize("degree", [3, 6, 18, 133])
def test_half_grid_has_one_point_of_every_antipodal_pair(degree):
    whole, half = sphere_grid(degree)[0], half_grid(degree)[0]
    assert len(whole) == 2 * len(half)
    both = np.round(np.concatenate([half, -half]), 8) + 0.0
    assert np.array_equal(np.unique(both, axis=0), np.unique(np.round(whole, 8) + 0.0, axis=0))
