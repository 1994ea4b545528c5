"""Batched gradients, vectorised Jacobians, forward mode and the transforms of torch.func."""

import pytest
import torch
from torch.autograd import forward_ad
from torch.autograd.functional import jacobian

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

KERNELS = ["plain", "terms", "full", "halves", *(["compiled"] if compiler() else [])]
SOURCES, TARGETS = torch.tensor([0, 1, 1, 2]), torch.tensor([1, 0, 1, 1])


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def convolution(mode):
    layer = GauntConvolution("2x0e+2x1o", 1, "2x0e+2x1o", mode=mode)
    inputs = randn(3, 8), randn(4, 3, seed=1), randn(4, layer.weight_numel, seed=2)
    return lambda x, v, w: layer(x, v, w, SOURCES, TARGETS), inputs


def product(**options):
    irreps = "2x0e+2x1o+1x1e"
    module = GauntTensorProduct(irreps, irreps, **options).double()
    return module, (randn(3, 11), randn(3, 11, seed=1))


CASES = {
    "product": lambda: (lambda x, y: gaunt_product(x, y, 2), (randn(3, 9), randn(3, 4, seed=1))),
    "bracket": lambda: (gaunt_bracket, (randn(3, 4), randn(3, 4, seed=1))),
    "fourier": lambda: (
        lambda x, y: gaunt_product(x, y, method="fourier"),
        (randn(3, 4), randn(3, 4, seed=1)),
    ),
    "dense": lambda: (lambda x, y: gaunt_product(x, y, method="dense"), (randn(3, 4), randn(3, 4, seed=1))),
    "power": lambda: (lambda x: gaunt_power(x, 3, 1), (randn(3, 4),)),
    "module": product,
    "complete module": lambda: product(parity="complete", layout="ir_mul"),
    "many-body": lambda: (GauntManyBody("2x0e+2x1o+1x1e").double(), (randn(3, 11),)),
    "self-mix": lambda: (GauntSelfMix("2x0e+2x1o").double(), (randn(3, 8),)),
    "edge": lambda: convolution("edge"),
    "aligned": lambda: convolution("aligned"),
    "node_grid": lambda: convolution("node_grid"),
}


@pytest.fixture(params=CASES)
def case(request):
    torch.manual_seed(0)
    return CASES[request.param]()


@pytest.fixture(params=KERNELS)
def kernel(request, monkeypatch):
    monkeypatch.setattr(rules, "kernel", lambda *_: request.param)


def check_batched(function, inputs):
    """Rows of the batched gradient are gradients; Jacobians agree whichever way they are made."""
    inputs = [value.requires_grad_() for value in inputs]
    z = function(*inputs)
    directions = randn(4, *z.shape, seed=7)
    for create_graph in (False, True):
        batched = torch.autograd.grad(
            z, inputs, directions, is_grads_batched=True, create_graph=create_graph, retain_graph=True
        )
        for row, direction in enumerate(directions):
            single = torch.autograd.grad(z, inputs, direction, retain_graph=True)
            for found, expected in zip(batched, single, strict=True):
                torch.testing.assert_close(found[row], expected, atol=1e-12, rtol=1e-11)
    expected = jacobian(function, tuple(inputs))
    for strategy in ("reverse-mode", "forward-mode"):
        found = jacobian(function, tuple(inputs), vectorize=True, strategy=strategy)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-11)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
def test_batched_gradients_and_vectorised_jacobians(case):
    check_batched(*case)


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("function", [gaunt_product, gaunt_bracket])
def test_batched_gradients_of_every_kernel(function, kernel):
    check_batched(lambda x, y: function(x, y, 2), (randn(3, 9), randn(3, 4, seed=1)))


def test_transforms_of_torch_func(case):
    function, inputs = case
    numbers = tuple(range(len(inputs)))
    expected = jacobian(function, inputs)
    for transform in (torch.func.jacrev, torch.func.jacfwd):
        found = transform(function, argnums=numbers)(*inputs)
        torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-11)
    z = function(*inputs)
    stacked = [torch.stack([value, value.flip(0), 2 * value]) for value in inputs]
    each = torch.stack([function(*(value[row] for value in stacked)) for row in range(3)])
    torch.testing.assert_close(torch.vmap(function)(*stacked), each, atol=1e-12, rtol=1e-11)
    moved = [value.movedim(0, 1) for value in stacked]
    torch.testing.assert_close(torch.vmap(function, in_dims=1)(*moved), each, atol=1e-12, rtol=1e-11)
    only = torch.vmap(function, in_dims=(0, *[None] * (len(inputs) - 1)))(stacked[0], *inputs[1:])
    torch.testing.assert_close(only[0], z, atol=1e-12, rtol=1e-11)
    per_sample = torch.vmap(torch.func.grad(lambda *given: function(*given).sin().sum()))(*stacked)
    first = inputs[0].clone().requires_grad_()
    (gradient,) = torch.autograd.grad(function(first, *inputs[1:]).sin().sum(), first)
    torch.testing.assert_close(per_sample[0], gradient, atol=1e-12, rtol=1e-11)


def test_forward_mode_and_second_derivatives(case):
    function, inputs = case
    tangents = [randn(*value.shape, seed=5) for value in inputs]
    blocks = jacobian(function, inputs)
    expected = sum(
        torch.tensordot(block, tangent, tangent.ndim) for block, tangent in zip(blocks, tangents, strict=True)
    )
    with forward_ad.dual_level():
        duals = [forward_ad.make_dual(*pair) for pair in zip(inputs, tangents, strict=True)]
        found = forward_ad.unpack_dual(function(*duals)).tangent
    torch.testing.assert_close(found, expected, atol=1e-12, rtol=1e-11)
    _, along = torch.func.jvp(lambda first: function(first, *inputs[1:]), (inputs[0],), (tangents[0],))
    torch.testing.assert_close(
        along, torch.tensordot(blocks[0], tangents[0], tangents[0].ndim), atol=1e-12, rtol=1e-11
    )

    def energy(first):
        return function(first, *inputs[1:]).sin().sum()

    hessian = torch.autograd.functional.hessian(energy, inputs[0])
    torch.testing.assert_close(torch.func.hessian(energy)(inputs[0]), hessian, atol=1e-11, rtol=1e-10)


def test_vmap_over_zero_rows(kernel):
    x, y = torch.zeros(3, 0, 9, dtype=torch.float64), torch.zeros(3, 0, 4, dtype=torch.float64)
    assert torch.vmap(lambda a, b: gaunt_product(a, b, 2))(x, y).shape == (3, 0, 9)
    module = GauntTensorProduct("2x0e+2x1o", "0e+1o").double()
    assert torch.vmap(module)(torch.zeros(3, 0, 8).double(), y).shape == (3, 0, module.irreps_out.dim)
    layer = GauntConvolution("2x0e+2x1o", 1, mode="node_grid")
    none = torch.zeros(0, dtype=torch.long)
    shapes = ((2, 8), (0, 3), (0, layer.weight_numel))
    given = [torch.zeros(3, *shape, dtype=torch.float64) for shape in shapes]
    sums = torch.vmap(lambda a, b, c: layer(a, b, c, none, none))(*given)
    assert sums.shape == (3, 2, layer.irreps_out.dim)


def test_vmap_over_an_empty_batch(kernel):
    x = torch.zeros(0, 4, 9, dtype=torch.float64)
    assert torch.vmap(lambda a: gaunt_product(a, a, 2))(x).shape == (0, 4, 9)
    assert torch.vmap(torch.func.grad(lambda a: gaunt_product(a, a, 2).sum()))(x).shape == (0, 4, 9)
