"""Compiled functions called again and again stay right and write to nothing that others own."""

import shutil

import pytest
import torch

from groundstate.gaunt import (
    GauntConvolution,
    GauntManyBody,
    GauntSelfMix,
    GauntTensorProduct,
    gaunt_bracket,
    gaunt_power,
    gaunt_product,
)
from groundstate.gaunt.basis import constants

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None, reason="Inductor needs a C++ compiler"
)
IRREPS = "4x0e+4x1o+4x2e"


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def kept() -> dict[str, torch.Tensor]:
    return {name: value.clone() for name, value in vars(constants._STORE).items() if not value.is_meta}


@pytest.fixture(autouse=True)
def untouched_constants():
    """The kept arrays are those of before; a fault found once must not hide in another test."""
    torch._dynamo.reset()
    before = kept()
    yield
    torch._dynamo.reset()
    after = vars(constants._STORE)
    changed = [name for name, value in before.items() if not torch.equal(after[name], value)]
    for name in changed:
        after[name].copy_(before[name])
    assert not changed


def check_three_calls(function, *inputs: torch.Tensor) -> None:
    expected = function(*inputs)  # the constants exist before they can be damaged
    before = kept()
    compiled = torch.compile(function, fullgraph=True)
    for _ in range(3):
        torch.testing.assert_close(compiled(*inputs), expected, atol=2e-5, rtol=2e-5)
    torch.testing.assert_close(function(*inputs), expected, atol=0, rtol=0)
    for name, value in before.items():
        assert torch.equal(getattr(constants._STORE, name), value), name


@torch.no_grad()
@pytest.mark.parametrize(
    "rows",  # a matrix to the grid has 9 x 26 numbers, half of it 6 x 14, the table 81 x 9
    [26, *(pytest.param(rows, marks=pytest.mark.slow) for rows in (1, 9, 14, 25, 27, 81, 500))],
)
def test_core_at_sizes_of_its_constants(rows):
    check_three_calls(lambda x, y: gaunt_product(x, y, 2), randn(rows, 9), randn(rows, 9, seed=1))


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("method", ["fourier", "dense", "grid", "fastest"])
@pytest.mark.parametrize("rows", [9, 26])
def test_other_functions_and_methods(method, rows):
    def every(x, y):
        power = gaunt_power(x, 3, 2, method=method)
        return gaunt_product(power, y, 2, method=method) + gaunt_bracket(x, y, 2)

    check_three_calls(every, randn(rows, 9), randn(rows, 9, seed=1))


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("rows", [4, 9, 26])
def test_modules(rows):
    x, y = randn(rows, 36), randn(rows, 36, seed=1)
    check_three_calls(GauntTensorProduct(IRREPS, IRREPS, IRREPS, parity="complete"), x, y)
    check_three_calls(GauntManyBody(IRREPS), x)
    check_three_calls(GauntSelfMix(IRREPS), x)


@pytest.mark.slow
@torch.no_grad()
@pytest.mark.parametrize("mode", ["edge", "aligned", "node_grid"])
@pytest.mark.parametrize("edges", [9, 26])
def test_convolution(mode, edges):
    layer = GauntConvolution(IRREPS, 2, IRREPS, mode=mode)
    x, vectors, weight = randn(5, 36), randn(edges, 3, seed=1), randn(edges, layer.weight_numel, seed=2)
    sources, targets = torch.arange(edges) % 5, torch.arange(edges) % 3
    check_three_calls(lambda *given: layer(*given, sources, targets), x, vectors, weight)


@pytest.mark.slow
@torch._dynamo.config.patch(trace_autograd_ops=True)
@pytest.mark.parametrize("rows", [9, 26])
def test_forces_with_frozen_weights(rows):
    layer = GauntConvolution("4x0e", 2, "4x0e+4x1o+4x2e", mode="node_grid")
    product = GauntTensorProduct(IRREPS, IRREPS, "4x0e").requires_grad_(False)
    sources, targets = torch.arange(rows) % 4, torch.arange(rows) % 3
    start, weight = randn(4, 4, seed=1), randn(rows, layer.weight_numel, seed=2)

    def forces(vectors):
        vectors = vectors.detach().requires_grad_()
        features = layer(start, vectors, weight, sources, targets)
        return torch.autograd.grad(product(features, features).sum(), vectors)[0]

    check_three_calls(forces, randn(rows, 3))
