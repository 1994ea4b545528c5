"""The convolution: all modes are one function, the product with a filter."""

import math

import pytest
import torch
from e3nn import o3

from groundstate.gaunt import GauntConvolution, GauntTensorProduct, spherical_harmonics

MODES = ("edge", "aligned", "node_grid")
CASES = [
    ("4x0e+4x1o+4x2e", 2, None),
    ("4x0e+4x1o+4x2e+4x3o", 3, "4x0e+4x1o"),
    ("4x1o", 2, "4x0e+4x1o+4x2e"),
    ("2x0e+2x1o+2x2e+2x3o+2x4e+2x5o+2x6e", 6, "2x0e+2x1o+2x2e+2x3o+2x4e+2x5o+2x6e"),
]


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def graph(edges=20, nodes=6):
    generator = torch.Generator().manual_seed(7)
    sources, targets = torch.randint(0, nodes, (2, edges), generator=generator)
    vectors = randn(edges, 3, seed=4)
    vectors[:3] = torch.eye(3)
    return vectors, sources, targets


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("case", CASES)
def test_all_modes_of_the_convolution_compute_the_same_function(case, layout):
    irreps_in, lmax, irreps_out = case
    vectors, sources, targets = graph()
    results = []
    for mode in MODES:
        layer = GauntConvolution(irreps_in, lmax, irreps_out, mode=mode, layout=layout)
        inputs = [randn(6, layer.irreps_in.dim), vectors.clone(), randn(20, layer.weight_numel, seed=1)]
        inputs = [value.requires_grad_() for value in inputs]
        z = layer(*inputs, sources, targets)
        results.append((z, *torch.autograd.grad(z.sin().sum(), inputs)))
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            assert (found - expected).abs().max() <= 1e-12 * max(1, expected.abs().max())


def test_convolution_is_the_tensor_product_with_the_filter():
    vectors, sources, _ = graph()
    layer = GauntConvolution(
        "4x0e+4x1o", 2, "4x0e+4x1o+4x2e", output_weights=True, irrep_normalization="none"
    )
    x, weight = randn(6, 16), randn(20, layer.weight_numel, seed=1)
    harmonics = math.sqrt(4 * math.pi) * o3.spherical_harmonics(
        [0, 1, 2], vectors, True, normalization="integral"
    )
    bare = {"rank": 0, "irrep_normalization": "none"}
    product = GauntTensorProduct("4x0e+4x1o", "4x0e+4x1o+4x2e", "4x0e+4x1o+4x2e", method="dense", **bare)
    radial = weight[:, :12].view(20, 3, 4)
    filters = [
        (radial[:, k, :, None] * harmonics[:, None, k * k : (k + 1) ** 2]).flatten(1) for k in range(3)
    ]
    expected = product(x[sources], torch.cat(filters, dim=1))
    out = weight[:, 12:].view(20, 3, 4)
    expected = expected * torch.cat([out[:, k].repeat_interleave(2 * k + 1, dim=1) for k in range(3)], dim=1)
    assert torch.allclose(layer(x[sources], vectors, weight), expected, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
def test_convolution_is_equivariant_and_takes_an_empty_graph(mode, turn, turn_irreps):
    vectors, sources, targets = graph()
    layer = GauntConvolution("4x0e+4x1o+4x2e", 3, mode=mode)
    x, weight = randn(6, layer.irreps_in.dim), randn(20, layer.weight_numel, seed=1)
    z = layer(x, vectors, weight, sources, targets, num_nodes=9)
    assert z.shape == (9, layer.irreps_out.dim)
    d_in, d_out = turn_irreps(layer.irreps_in), turn_irreps(layer.irreps_out)
    turned = layer(x @ d_in.T, vectors @ turn[0].T, weight, sources, targets, num_nodes=9)
    assert (turned - z @ d_out.T).abs().max() <= 1e-12 * z.abs().max()
    none = torch.zeros(0, dtype=torch.long)
    assert layer(x, vectors[:0], weight[:0], none, none).abs().max() == 0


def test_zero_vectors_have_the_harmonics_and_gradients_of_e3nn():
    """No direction: degrees above 0 vanish; e3nn's gradient there is 1e12, ours is none."""
    vectors = randn(4, 3)
    vectors[1], vectors[3] = 0, 1e-14
    expected = o3.spherical_harmonics([0, 1, 2, 3], vectors, True, normalization="integral")
    expected[3, 1:] = 0
    vectors.requires_grad_()
    found = spherical_harmonics(3, vectors)
    assert torch.allclose(found, expected, atol=1e-14)
    (gradient,) = torch.autograd.grad(found.sin().sum(), vectors, create_graph=True)
    assert (gradient[[1, 3]] == 0).all() and gradient[0].abs().max() > 0.1
    (second,) = torch.autograd.grad(gradient.square().sum(), vectors)
    assert second.isfinite().all()


@pytest.mark.parametrize("mode", MODES)
def test_zero_edges_keep_degree_zero_of_the_filter(mode, turn, turn_irreps):
    vectors, sources, targets = graph()
    vectors[[2, 5]] = 0
    layer = GauntConvolution("4x0e+4x1o+4x2e", 2, mode=mode, irrep_normalization="none")
    x, weight = randn(6, layer.irreps_in.dim), randn(20, layer.weight_numel, seed=1)
    vectors.requires_grad_()
    z = layer(x, vectors, weight, sources, targets)
    (gradient,) = torch.autograd.grad(z.sin().sum(), vectors)
    assert gradient.isfinite().all() and (gradient[[2, 5]] == 0).all()
    d_in, d_out = turn_irreps(layer.irreps_in), turn_irreps(layer.irreps_out)
    turned = layer(x @ d_in.T, vectors @ turn[0].T, weight, sources, targets)
    assert (turned - z @ d_out.T).abs().max() <= 1e-12 * z.abs().max()
    # the filter without a direction is the constant w_0 Y_0: features times w_0 / sqrt(4 pi)
    ends = torch.tensor([0, 1])
    alone = layer(x[:2], torch.zeros(2, 3).double(), weight[:2], ends, ends)
    scaled = x[:2].clone()
    for entry, (mul, ir) in zip(layer.irreps_in.slices(), layer.irreps_in, strict=True):
        scaled[:, entry] *= weight[:2, :mul].repeat_interleave(ir.dim, dim=1)
    count = {ir: layer._form.third.scales[ir.l] for _, ir in layer.irreps_out}
    for entry, (_, ir) in zip(layer.irreps_out.slices(), layer.irreps_out, strict=True):
        inside = [
            piece
            for piece, (_, kind) in zip(layer.irreps_in.slices(), layer.irreps_in, strict=True)
            if kind == ir
        ]
        expected = (
            scaled[:, inside[0]] * count[ir] / math.sqrt(4 * math.pi) if inside else 0 * alone[:, entry]
        )
        assert torch.allclose(alone[:, entry], expected, atol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GauntConvolution("4x0e+4x1e", 2), "irreps_in must hold each irrep once"),
        (lambda: GauntConvolution("4x0e+2x1o", 2), "same number of copies"),
        (lambda: GauntConvolution("", 2), "irreps_in holds no irrep"),
        (
            lambda: GauntConvolution("4x0e", 1, "4x0e+4x2e"),
            "no path reaches 2e from 4x0e and a filter up to degree 1",
        ),
        (lambda: GauntConvolution("4x0e", 1, "2x0e"), "irreps_out must have 4 copies"),
        (lambda: GauntConvolution("4x0e", -1), "lmax_filter must not be negative, got -1"),
        (lambda: GauntConvolution("4x0e", 1, mode="grid"), "mode must be one of edge, aligned, node_grid"),
        (
            lambda: GauntConvolution("4x0e", 1, mode="node_grid", output_weights=True),
            "not possible in mode='node_grid'",
        ),
        (
            lambda: GauntConvolution("4x0e", 1)(torch.ones(2, 4), torch.ones(3, 3), torch.ones(3, 8)),
            r"x must be \(3, 4\)",
        ),
        (
            lambda: GauntConvolution("4x0e", 1, mode="node_grid")(
                torch.ones(3, 4), torch.ones(3, 3), torch.ones(3, 8)
            ),
            "needs sources and targets",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
