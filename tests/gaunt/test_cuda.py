"""On a GPU every operator gives what it gives on the CPU, gradients included."""

import copy

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

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
IRREPS = "4x0e + 4x1o + 4x2e + 4x3o"


def randn(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def both(function, *inputs: torch.Tensor) -> None:
    """Values and gradients on both devices."""
    found = {}
    for device in ("cpu", "cuda"):
        here = [value.detach().clone().to(device) for value in inputs]
        here = [value.requires_grad_(value.is_floating_point()) for value in here]
        module = copy.deepcopy(function).to(device) if isinstance(function, torch.nn.Module) else function
        result = module(*here)
        weights = torch.linspace(1, 2, result.numel(), dtype=result.dtype, device=device)
        (result * weights.view_as(result)).sum().backward()
        found[device] = [result, *(value.grad for value in here if value.requires_grad)]
    for one, other in zip(*found.values(), strict=True):
        torch.testing.assert_close(other.cpu(), one, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("method", ["auto", "grid", "fourier", "dense"])
def test_products(method: str) -> None:
    both(lambda x, y: gaunt_product(x, y, 4, method=method), randn(20, 16), randn(20, 9, seed=1))


def test_bracket_and_power() -> None:
    both(gaunt_bracket, randn(20, 16), randn(20, 9, seed=1))
    both(lambda x: gaunt_power(x, 3, 4), randn(20, 16))


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("parity", ["even", "complete"])
def test_modules(layout: str, parity: str) -> None:
    product = GauntTensorProduct(IRREPS, IRREPS, parity=parity, layout=layout).double()
    both(product, randn(7, 64), randn(7, 64, seed=1))
    both(GauntManyBody(IRREPS, IRREPS, correlation=3, layout=layout).double(), randn(7, 64))
    both(GauntSelfMix(IRREPS, layout=layout).double(), randn(7, 64))


@pytest.mark.parametrize("mode", ["edge", "aligned", "node_grid"])
def test_convolution(mode: str) -> None:
    layer = GauntConvolution(IRREPS, 2, IRREPS, mode=mode).double()
    sources, targets = torch.randint(5, (12,)), torch.arange(12) % 5
    weights = randn(12, layer.weight_numel, seed=2)
    both(layer, randn(5, 64), randn(12, 3, seed=1), weights, sources, targets)
