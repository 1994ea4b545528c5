"""Functions of the distance at their ends, and the repulsion against its limits."""

import numpy as np
import pytest
import torch

from groundstate.interatomic.radial import COULOMB, BesselBasis, polynomial_cutoff, zbl_energy


def test_cutoff_ends_with_two_vanishing_derivatives() -> None:
    x = torch.tensor([0.0, 5.0], dtype=torch.float64, requires_grad=True)
    value = polynomial_cutoff(x, 5.0)
    first = torch.autograd.grad(value.sum(), x, create_graph=True)[0]
    second = torch.autograd.grad(first.sum(), x)[0]
    np.testing.assert_allclose(value.detach(), [1, 0], atol=1e-12)
    np.testing.assert_allclose([first[1].item(), second[1].item()], 0, atol=1e-12)
    assert polynomial_cutoff(torch.tensor(6.0), 5.0) == 0


def test_bessel_functions_are_orthonormal_without_the_cutoff() -> None:
    basis = BesselBasis(4, 5.0).double()
    r = torch.linspace(1e-6, 5, 20001, dtype=torch.float64)
    waves = basis(r) / polynomial_cutoff(r[:, None], 5.0).clamp_min(1e-300)
    kept = waves[:-1].numpy() * r[:-1, None].numpy()
    overlap = kept.T @ kept * (5 / 20000)
    np.testing.assert_allclose(overlap, np.eye(4), atol=1e-3)


def test_repulsion_is_coulomb_near_and_nothing_far() -> None:
    one = torch.tensor([14])
    near = torch.tensor([1e-4], dtype=torch.float64)
    assert zbl_energy(near, one, one, torch.tensor([2.2])).item() == pytest.approx(
        COULOMB * 196 / 1e-4, rel=5e-3
    )
    assert zbl_energy(torch.tensor([2.3]), one, one, torch.tensor([2.2])).item() == 0
    # screening function of Si-Si at 1 angstrom, evaluated by hand: a = 0.1276 angstrom, x = 7.837
    x = 7.837
    phi = 0.18175 * np.exp(-3.1998 * x) + 0.50986 * np.exp(-0.94229 * x)
    phi += 0.28022 * np.exp(-0.4029 * x) + 0.02817 * np.exp(-0.20162 * x)
    value = zbl_energy(torch.tensor([1.0], dtype=torch.float64), one, one, torch.tensor([1e6])).item()
    assert value == pytest.approx(14.3996 * 196 * phi, rel=3e-3)
