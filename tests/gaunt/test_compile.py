"""torch.compile: values, gradients, forces, and what torch 2.13 does not support."""

import shutil

import pytest
import torch

from groundstate.gaunt import GauntConvolution, GauntManyBody, GauntTensorProduct, gaunt_product

needs_compiler = pytest.mark.skipif(
    shutil.which("g++") is None and shutil.which("clang++") is None, reason="Inductor needs a C++ compiler"
)


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.fixture(autouse=True)
def fresh():
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


def check_compiled(function, inputs, parameters, backend):
    """The compiled function and its gradients are those of eager mode."""
    inputs = [value.requires_grad_() for value in inputs]
    compiled = torch.compile(function, fullgraph=True, backend=backend)
    results = []
    for version in (function, compiled):
        z = version(*inputs)
        results.append((z, *torch.autograd.grad(z.sin().sum(), [*inputs, *parameters])))
    for found, expected in zip(*results, strict=True):
        assert torch.allclose(found, expected, atol=1e-11, rtol=1e-11)


BACKENDS = ["aot_eager", pytest.param("inductor", marks=[needs_compiler, pytest.mark.slow])]


@pytest.mark.parametrize("backend", BACKENDS)
def test_core_compiles(backend):
    check_compiled(lambda x, y: gaunt_product(x, y, 2), [randn(1000, 9), randn(1000, 9, seed=1)], [], backend)


@pytest.mark.slow
@pytest.mark.parametrize("backend", BACKENDS)
def test_module_compiles(backend):
    product = GauntTensorProduct("4x0e+4x1o+4x2e", "4x0e+4x1o+4x2e").double()
    check_compiled(product, [randn(300, 36), randn(300, 36, seed=1)], [product.weight], backend)


@pytest.mark.slow
@pytest.mark.parametrize("options", [{"parity": "complete"}, {"layout": "ir_mul"}, {"method": "fourier"}])
def test_variants_of_the_module_compile(options):
    product = GauntTensorProduct("4x0e+4x1o+4x2e", "4x0e+4x1o+4x2e", **options).double()
    check_compiled(product, [randn(30, 36), randn(30, 36, seed=1)], [product.weight], "aot_eager")


@pytest.mark.slow
@pytest.mark.parametrize("mode", ["edge", "aligned", "node_grid"])
def test_layers_compile(mode):
    layer = GauntConvolution("4x0e+4x1o", 2, mode=mode)
    index = torch.tensor([0, 1, 2, 1, 0])
    inputs = [randn(3, 16), randn(5, 3, seed=1), randn(5, layer.weight_numel, seed=2)]
    check_compiled(lambda x, v, w: layer(x, v, w, index, index.flip(0)), inputs, [], "aot_eager")
    many = GauntManyBody("4x0e+4x1o").double()
    check_compiled(many, [randn(3, 16)], [many.weight], "aot_eager")


@pytest.mark.parametrize("backend", BACKENDS)
@torch._dynamo.config.patch(trace_autograd_ops=True)
def test_force_function_compiles_and_so_does_its_gradient(backend):
    """autograd.grad inside the compiled region: forces, and a training step on them."""
    product = GauntTensorProduct("4x0e+4x1o+4x2e", "4x0e+4x1o+4x2e", "4x0e+4x1o").double()
    direction = randn(16, seed=2)

    def force(x, y):
        energy = (product(x, y) * direction).sin().sum()
        return torch.autograd.grad(energy, x, create_graph=True)[0]

    x, y = randn(30, 36).requires_grad_(), randn(30, 36, seed=1).requires_grad_()
    results = []
    for version in (force, torch.compile(force, fullgraph=True, backend=backend)):
        forces = version(x, y)
        results.append((forces, *torch.autograd.grad(forces.pow(2).sum(), (product.weight, y))))
    for expected, found in zip(*results, strict=True):
        assert torch.allclose(found, expected, atol=1e-11, rtol=1e-11)


def test_double_backward_through_a_compiled_product_is_refused_by_torch():
    """Documented in docs/gaunt.md: put autograd.grad inside the compiled region instead."""
    x = randn(30, 9).requires_grad_()
    compiled = torch.compile(
        lambda value: gaunt_product(value, value, 2), fullgraph=True, backend="aot_eager"
    )
    (slope,) = torch.autograd.grad(compiled(x).sin().sum(), x, create_graph=True)
    with pytest.raises(RuntimeError, match="does not currently support double backward"):
        torch.autograd.grad(slope.sum(), x)
