"""Convolution, many-body product, self-mix and the converters."""

import math

import pytest
import torch
from e3nn import o3

from groundstate.gaunt import (
    DegreeLinear,
    GauntConvolution,
    GauntManyBody,
    GauntSelfMix,
    GauntTensorProduct,
    from_e3nn,
    gaunt_power,
    to_e3nn,
)

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


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
def test_many_body_product_is_a_weighted_sum_of_powers(layout):
    layer = GauntManyBody(
        "3x0e+3x1o+3x2e", "3x0e+3x1o", num_elements=2, irrep_normalization="none", layout=layout
    )
    layer = layer.double()
    x, elements = randn(5, 3, 9), torch.tensor([0, 1, 1, 0, 1])
    expected = torch.zeros(5, 3, 4, dtype=torch.float64)
    for nu in (1, 2, 3):
        power = gaunt_power(x, nu, 1, method="dense")
        weight = layer.weight[nu - 1, elements].view(5, 2, 3)
        expected += power * torch.stack([weight[:, 0], weight[:, 1], weight[:, 1], weight[:, 1]], dim=-1)
    blocks = [slice(0, 1), slice(1, 4), slice(4, 9)]

    def flat(signal, count):
        parts = [signal[..., entry] for entry in blocks[:count]]
        return torch.cat([(part if layout == "mul_ir" else part.mT).flatten(1) for part in parts], dim=1)

    assert torch.allclose(layer(flat(x, 3), elements), flat(expected, 2), atol=1e-12)


def test_many_body_product_tracks_both_parities(turn_irreps):
    layer = GauntManyBody("4x0e+4x1o+4x1e+2x0o", "4x0e+2x1o+4x2e+1x1e+1x2o", correlation=3).double()
    x = randn(4, layer.irreps_in.dim)
    z = layer(x)
    for inversion in (False, True):
        d_in, d_out = turn_irreps(layer.irreps_in, inversion), turn_irreps(layer.irreps_out, inversion)
        assert (layer(x @ d_in.T) - z @ d_out.T).abs().max() <= 1e-12 * z.abs().max()
    assert layer(x[:0]).shape == (0, layer.irreps_out.dim)


@pytest.mark.parametrize("parity", ["even", "complete"])
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
def test_self_mix_starts_from_x_and_is_equivariant(parity, layout, turn_irreps):
    layer = GauntSelfMix("4x0e+4x1o+2x2e+2x1e", parity=parity, layout=layout, channels=3).double()
    x = randn(5, layer.irreps_in.dim)
    z = layer(x)
    assert z.shape == x.shape
    if layout == "mul_ir":
        for inversion in (False, True):
            d = turn_irreps(layer.irreps_in, inversion)
            assert (layer(x @ d.T) - z @ d.T).abs().max() <= 1e-12 * z.abs().max()
    with torch.no_grad():
        for weight in layer.last.weights:
            weight.zero_()
    assert torch.equal(layer(x), x)


def test_degree_linear_is_that_of_e3nn():
    torch.manual_seed(0)
    reference = o3.Linear("4x0e+3x1o+2x0e", "5x1o+2x0e").double()
    layer = DegreeLinear("4x0e+3x1o+2x0e", "5x1o+2x0e").double()
    parts = [view * ins.path_weight for _, ins, view in reference.weight_views(yield_instruction=True)]
    with torch.no_grad():
        order = [(ins.i_in, ins.i_out) for ins in reference.instructions]
        by_path = dict(zip(order, parts, strict=True))
        layer.weights[0].copy_(by_path[1, 0])
        layer.weights[1].copy_(torch.cat([by_path[0, 1], by_path[2, 1]]))
    x = randn(7, layer.irreps_in.dim)
    assert torch.allclose(layer(x), reference(x), atol=1e-13)


@pytest.mark.parametrize(("dtype", "bound"), [(torch.float64, 1e-12), (torch.float32, 1e-6)])
@pytest.mark.parametrize(
    ("first", "second", "options"),
    [
        ("8x0e+8x1o+8x2e", "8x0e+8x1o+8x2e", {}),
        ("8x0e+8x1o+8x2e", "8x0e+8x1o+8x2e", {"parity": "complete", "rank": 2}),
        ("8x0e+8x1o", "0e+1o+2e", {"rank": 3}),
        ("8x0e+8x1o", "0e+1o+2e", {"parity": "complete"}),
        ("4x0e+4x1o+4x1e", "4x0e+4x1o", {"rank": 0}),
    ],
)
def test_weights_go_to_e3nn_and_back(first, second, options, dtype, bound):
    torch.manual_seed(0)
    product = GauntTensorProduct(first, second, **options).to(dtype)
    x, y = randn(20, product.irreps_in1.dim).to(dtype), randn(20, product.irreps_in2.dim, seed=1).to(dtype)
    expected = product.double()(x.double(), y.double())
    product = product.to(dtype)
    twin = to_e3nn(product, dtype)
    back = from_e3nn(twin)
    if options.get("rank", 1) < 2:
        assert back.rank == 1
    for other in (twin, back):
        assert ((other(x, y) - expected).abs().max() / expected.abs().max()).item() <= bound


def test_any_uuu_product_of_e3nn_converts():
    """Free path weights, a missing path and e3nn's own normalisation."""
    torch.manual_seed(0)
    irreps = o3.Irreps("4x0e+4x1o+4x2e")
    paths = [(0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 2)]
    twin = o3.TensorProduct(irreps, irreps, irreps, [(*path, "uuu", True) for path in paths]).double()
    product = from_e3nn(twin)
    assert product.rank > 1
    x, y = randn(5, irreps.dim), randn(5, irreps.dim, seed=1)
    assert torch.allclose(product(x, y), twin(x, y), atol=1e-12)


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
        (lambda: GauntManyBody("4x0e", "4x1o"), "no path reaches 1o from 4x0e with correlation 3"),
        (lambda: GauntManyBody("4x0e", "8x0e"), "more than the 4 channels"),
        (lambda: GauntManyBody("4x0e", correlation=0), "correlation must be at least 1, got 0"),
        (lambda: GauntManyBody("4x0e", num_elements=2)(torch.ones(1, 4)), "elements goes with num_elements"),
        (lambda: GauntSelfMix("4x1o"), "no path reaches 1o"),
        (lambda: DegreeLinear("4x1o", "4x1e"), "no path reaches 1e"),
        (lambda: to_e3nn(GauntTensorProduct("4x0e", "4x0e", layout="ir_mul")), "mul_ir layout"),
        (lambda: to_e3nn(GauntTensorProduct("4x0e", "4x0e", shared_weights=False)), "internal weights"),
        (lambda: to_e3nn(GauntTensorProduct("4x0e+2x1o", "4x0e+4x1o")), "same number of copies"),
        (lambda: from_e3nn(o3.FullyConnectedTensorProduct("4x0e", "4x0e", "4x0e")), "connection mode 'uvw'"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
