"""Derivatives of every order: the contraction is closed under differentiation."""

import pytest
import torch
from torch.autograd import gradcheck, gradgradcheck

from groundstate.c_kernels import compiler
from groundstate.gaunt import (
    GauntConvolution,
    GauntManyBody,
    GauntSelfMix,
    GauntTensorProduct,
    gaunt_bracket,
    gaunt_power,
    gaunt_product,
)
from groundstate.gaunt.contraction import rules


def randn(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=generator).requires_grad_()


KERNELS = ["plain", "terms", "full", "halves", *(["compiled"] if compiler() else [])]


@pytest.fixture(params=KERNELS)
def kernel(request, monkeypatch):
    monkeypatch.setattr(rules, "kernel", lambda *_: request.param)


@pytest.mark.parametrize("function", [gaunt_product, gaunt_bracket])
def test_first_and_second_derivatives_of_the_core(function, kernel):
    inputs = randn(2, 9), randn(2, 4, seed=1)
    assert gradcheck(lambda x, y: function(x, y, 2), inputs)
    assert gradgradcheck(lambda x, y: function(x, y, 2), inputs)


@pytest.mark.parametrize("method", ["fourier", "dense"])
def test_derivatives_of_the_other_methods(method):
    inputs = randn(2, 4), randn(2, 4, seed=1)
    assert gradcheck(lambda x, y: gaunt_product(x, y, method=method), inputs)
    assert gradgradcheck(lambda x, y: gaunt_product(x, y, method=method), inputs)
    assert gradcheck(lambda x: gaunt_power(x, 3, 1, method=method), inputs[:1])


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({}, "full"),
        ({"parity": "complete"}, "halves"),
        ({"layout": "ir_mul"}, "halves"),
        ({"rank": 0}, "full"),
    ],
)
def test_derivatives_of_the_module_with_its_weights(options, name, monkeypatch):
    monkeypatch.setattr(rules, "kernel", lambda *_: name)
    product = GauntTensorProduct("2x0e+2x1o", "0e+1o", internal_weights=False, **options).double()
    weight = () if product.rank == 0 else (randn(product.weight_numel, seed=2),)
    inputs = (randn(2, 8), randn(2, 4, seed=1), *weight)
    assert gradcheck(product, inputs)
    assert gradgradcheck(product, inputs, fast_mode=True)


@pytest.mark.parametrize("mode", ["edge", "aligned", "node_grid"])
def test_derivatives_of_the_convolution_also_for_edges_along_the_axes(mode):
    layer = GauntConvolution("2x0e+2x1o", 1, "2x0e+2x1o", mode=mode)
    vectors = torch.eye(3, dtype=torch.float64)[:3].clone().requires_grad_()
    inputs = (randn(2, 8), vectors, randn(3, layer.weight_numel, seed=1))
    sources, targets = torch.tensor([0, 1, 1]), torch.tensor([1, 0, 1])
    assert gradcheck(lambda *values: layer(*values, sources, targets), inputs)
    assert gradgradcheck(lambda *values: layer(*values, sources, targets), inputs)


def test_derivatives_of_the_many_body_product_and_the_self_mix():
    for layer in (GauntManyBody("2x0e+2x1o").double(), GauntSelfMix("2x0e+2x1o").double()):
        assert gradcheck(layer, (randn(2, 8),))
        assert gradgradcheck(layer, (randn(2, 8),))


def test_third_derivatives_are_those_of_the_dense_table(kernel):
    def third(method):
        x = randn(3, 9)
        value = (gaunt_product(gaunt_product(x, x, 2, method=method), x, 2, method=method) ** 2).sum()
        for seed in (1, 2, 3):
            direction = randn(3, 9, seed=seed).detach()
            (slope,) = torch.autograd.grad(value, x, create_graph=True)
            value = (slope * direction).sum()
        return value

    assert third("grid").item() == pytest.approx(third("dense").item(), rel=1e-11)


def test_forces_from_an_energy_have_a_symmetric_jacobian(kernel):
    """Positions -> edges -> convolution -> product -> energy: the Hessian is symmetric, forces add to
    zero."""
    torch.manual_seed(0)
    layer = GauntConvolution("2x0e", 2, mode="edge")
    product = GauntTensorProduct(layer.irreps_out, layer.irreps_out, "2x0e", layout="mul_ir").double()
    sources = torch.tensor([0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3])
    targets = torch.tensor([1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2])
    start = randn(4, 2, seed=5).detach()

    def energy(flat):
        positions = flat.view(4, 3)
        vectors = positions[sources] - positions[targets]
        radial = torch.exp(-vectors.norm(dim=1, keepdim=True)).expand(-1, layer.weight_numel)
        features = layer(start, vectors, radial, sources, targets)
        return product(features, features).sum()

    positions = randn(12)
    forces = torch.autograd.functional.jacobian(energy, positions)
    jacobian = torch.autograd.functional.hessian(energy, positions)
    assert jacobian.abs().max() > 1e-3
    assert torch.allclose(jacobian, jacobian.T, atol=1e-12)
    assert forces.view(4, 3).sum(0).abs().max() < 1e-12
