"""The tensor-product module: equivariance over random irreps, weights, layouts, normalisation, errors."""

import copy
import math
import pickle
import tracemalloc

import pytest
import torch
from e3nn import o3
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from groundstate.c_kernels import compiler
from groundstate.gaunt import GauntTensorProduct
from groundstate.gaunt.contraction import rules

KERNELS = ("plain", "terms", "full", "halves", *(("compiled",) if compiler() else ()))


def randn(*shape, seed=0, dtype=torch.float64):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)).to(dtype)


def to_ir_mul(x, irreps):
    parts = [
        x[..., s].unflatten(-1, (mul, ir.dim)) for s, (mul, ir) in zip(irreps.slices(), irreps, strict=True)
    ]
    return torch.cat([part.transpose(-1, -2).flatten(-2) for part in parts], dim=-1)


irreps_strategy = st.lists(
    st.tuples(st.integers(1, 3), st.integers(0, 3), st.sampled_from([1, -1])), min_size=1, max_size=4
).map(lambda terms: o3.Irreps([(mul, (degree, parity)) for mul, degree, parity in terms]))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    irreps_strategy,
    irreps_strategy,
    st.sampled_from(["even", "complete"]),
    st.integers(0, 2),
    st.sampled_from(KERNELS),
    st.booleans(),
)
def test_random_irreps_are_equivariant_and_agree_with_the_dense_table(
    turn_irreps, first, second, parity, rank, kernel, shared
):
    options = {"parity": parity, "rank": rank, "shared_weights": shared, "internal_weights": False}
    try:
        product = GauntTensorProduct(first, second, **options)
    except ValueError as complaint:
        assert "no path" in str(complaint)
        assert parity == "even" or not len(first) or not len(second)
        return
    x, y = randn(4, first.dim), randn(4, second.dim, seed=1)
    weight = (randn(*([] if shared else [4]), product.weight_numel, seed=2),) if rank else ()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "kernel", lambda *_: kernel)
        z = product(x, y, *weight)
    assert z.shape == (4, product.irreps_out.dim)
    dense = GauntTensorProduct(first, second, method="dense", **options)(x, y, *weight)
    size = dense.abs().max().clamp(min=1)
    assert (z - dense).abs().max() <= 1e-12 * size
    fourier = GauntTensorProduct(first, second, method="fourier", **options)(x, y, *weight)
    assert (fourier - dense).abs().max() <= 1e-12 * size
    swapped = GauntTensorProduct(first, second, layout="ir_mul", **options)
    z_swapped = swapped(to_ir_mul(x, first), to_ir_mul(y, second), *weight)
    assert (z_swapped - to_ir_mul(dense, product.irreps_out)).abs().max() <= 1e-12 * size
    for inversion in (False, True):
        d1, d2, d3 = (turn_irreps(irreps, inversion) for irreps in (first, second, product.irreps_out))
        turned = product(x @ d1.T, y @ d2.T, *weight)
        assert (turned - z @ d3.T).abs().max() <= 1e-12 * size


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize("lmax", [1, 2, 4, 6, 10])
def test_uniform_features_on_every_kernel(lmax, layout, monkeypatch):
    irreps = o3.Irreps([(3, (degree, (-1) ** degree)) for degree in range(lmax + 1)])
    torch.manual_seed(0)
    product = GauntTensorProduct(irreps, irreps, irreps, layout=layout).double()
    single = copy.deepcopy(product).float()
    x, y = randn(3, irreps.dim).requires_grad_(), randn(3, irreps.dim, seed=1).requires_grad_()
    product.method = "dense"
    expected = product(x, y)
    gradients = torch.autograd.grad(expected.sin().sum(), (x, y, product.weight))
    product.method = "grid"
    for kernel in KERNELS:
        if kernel == "terms" and lmax > 3:
            continue
        monkeypatch.setattr(rules, "kernel", lambda *_, kernel=kernel: kernel)
        z = product(x, y)
        assert (z - expected).abs().max() <= 1e-12 * expected.abs().max()
        for found, reference in zip(
            torch.autograd.grad(z.sin().sum(), (x, y, product.weight)), gradients, strict=True
        ):
            assert (found - reference).abs().max() <= 1e-11 * reference.abs().max()
        assert (single(x.float(), y.float()) - expected).abs().max() <= 5e-6 * expected.abs().max()


def test_constants_follow_the_dtype_exactly_and_are_not_saved():
    torch.manual_seed(0)
    product = GauntTensorProduct("4x0e+4x1o+4x2e", "4x0e+4x1o+4x2e", rank=0)
    x, y = randn(5, 36), randn(5, 36, seed=1)
    product(x.float(), y.float())
    assert torch.equal(product.double()(x, y), GauntTensorProduct(*[product.irreps_in1] * 2, rank=0)(x, y))
    reference = GauntTensorProduct(*[product.irreps_in1] * 2, rank=0, method="dense")(x, y)
    assert (product(x, y) - reference).abs().max() < 1e-13
    assert not product.state_dict()
    assert list(GauntTensorProduct("2x0e", "2x0e").state_dict()) == ["weight"]


def test_copies_survive_deepcopy_pickle_and_devices():
    torch.manual_seed(0)
    product = GauntTensorProduct("4x0e+4x1o", "4x0e+4x1o", parity="complete")
    x = randn(5, 16, dtype=torch.float32)
    expected = product(x, x)
    for twin in (copy.deepcopy(product), pickle.loads(pickle.dumps(product)), product.to("cpu")):
        assert torch.equal(twin(x, x), expected)
    on_meta = copy.deepcopy(product).to("meta")(x.to("meta"), x.to("meta"))
    assert on_meta.shape == expected.shape


def test_leading_axes_broadcast_and_may_be_empty():
    product = GauntTensorProduct("4x0e+4x1o", "0e+1o", "4x1o", rank=0).double()
    x, y = randn(2, 3, 16), randn(3, 4, seed=1)
    z = product(x, y)
    assert z.shape == (2, 3, 12)
    assert torch.allclose(z[1, 2], product(x[1, 2], y[2]))
    assert product(randn(0, 16), randn(0, 4)).shape == (0, 12)
    external = GauntTensorProduct("4x0e+4x1o", "0e+1o", shared_weights=False).double()
    assert external(x, y, randn(2, 3, external.weight_numel)).shape == (2, 3, external.irreps_out.dim)
    assert external(x[0], y, randn(1, external.weight_numel)).shape == (3, external.irreps_out.dim)


@pytest.mark.parametrize("parity", ["even", "complete"])
@pytest.mark.parametrize("irrep", ["component", "norm"])
def test_normalisation_keeps_the_variance_of_the_inputs(irrep, parity):
    """Averaged over weights and inputs, every component (norm: every irrep) keeps unit variance."""
    product = GauntTensorProduct(
        "8x0e+8x1o+8x2e", "8x0e+8x1o+8x2e", parity=parity, irrep_normalization=irrep, shared_weights=False
    ).double()
    irreps = product.irreps_in1
    share = torch.cat([torch.full((mul * ir.dim,), ir.dim**-0.5) for mul, ir in irreps])
    share = share if irrep == "norm" else torch.ones(irreps.dim)
    x, y = randn(4000, irreps.dim) * share, randn(4000, irreps.dim, seed=1) * share
    z = product(x, y, randn(4000, product.weight_numel, seed=2))
    for entry, (_, ir) in zip(product.irreps_out.slices(), product.irreps_out, strict=True):
        power = z[:, entry].pow(2).mean().item() * (ir.dim if irrep == "norm" else 1)
        assert power == pytest.approx(1, abs=0.2)


def variances(product):
    """Exact variance of every output entry for independent inputs of unit variance."""
    first, second = torch.eye(product.irreps_in1.dim).double(), torch.eye(product.irreps_in2.dim).double()
    return product(first[:, None], second[None]).square().sum((0, 1))


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
@pytest.mark.parametrize(
    ("first", "second", "parity"),
    [
        ("5x0e+3x1o", "5x0e+3x1o", "even"),
        ("5x0e+3x1o+2x2e+4x1e", "5x0e+3x1o+2x2e+4x1e", "complete"),
        ("5x0e+3x1o+1x2e", "0e+1o+1e", "complete"),
        ("2x0e+3x0e+3x1o", "4x0e+1x1o+2x2e", "even"),
    ],
)
def test_every_copy_keeps_unit_variance_where_irreps_have_unequal_copies(first, second, parity, layout):
    product = GauntTensorProduct(first, second, parity=parity, rank=0, layout=layout).double()
    found = variances(product)
    assert torch.allclose(found, torch.ones_like(found), atol=1e-12)


def test_copies_that_fewer_paths_reach_are_scaled_like_those_of_a_product_of_their_own():
    """5x0e+3x1o squared: copies 4 and 5 of 0e see the path 0 x 0 alone."""
    product = GauntTensorProduct("5x0e+3x1o", "5x0e+3x1o", "5x0e", rank=0).double()
    x, y = randn(20, 14), randn(20, 14, seed=1)
    narrow = o3.TensorProduct("2x0e", "2x0e", "2x0e", [(0, 0, 0, "uuu", False)]).double()
    assert torch.allclose(product(x, y)[:, 3:], narrow(x[:, 3:5], y[:, 3:5]), atol=1e-14)


@pytest.mark.parametrize("internal", [None, False, True])
@pytest.mark.parametrize("shared", [None, False, True])
def test_internal_and_shared_weights_mean_what_they_mean_in_e3nn(internal, shared):
    options = {"internal_weights": internal, "shared_weights": shared}
    paths = [(0, 0, 0, "uuu", True)]
    try:
        reference = o3.TensorProduct("2x0e", "2x0e", "2x0e", paths, **options)
    except AssertionError:
        with pytest.raises(ValueError, match="internal_weights=True needs shared_weights=True"):
            GauntTensorProduct("2x0e", "2x0e", **options)
        return
    product = GauntTensorProduct("2x0e", "2x0e", **options)
    assert product.internal_weights == reference.internal_weights
    assert product.shared_weights == reference.shared_weights
    assert bool(list(product.parameters())) == bool(list(reference.parameters()))
    x = torch.ones(4, 2)
    for leading in (None, (), (1,), (4,), (3, 1)):
        outcomes = []
        for module in (reference, product):
            weight = None if leading is None else torch.ones(*leading, module.weight_numel)
            try:
                outcomes.append(module(x, x, weight).shape)
            except (AssertionError, RuntimeError, ValueError):
                outcomes.append(None)
        assert outcomes[0] == outcomes[1], leading


def test_a_weight_takes_the_place_of_those_of_the_module():
    product = GauntTensorProduct("2x0e+2x1o", "2x0e+2x1o")
    outside = GauntTensorProduct("2x0e+2x1o", "2x0e+2x1o", internal_weights=False)
    x, weight = randn(3, 8, dtype=torch.float32), randn(product.weight_numel, dtype=torch.float32)
    assert torch.equal(product(x, x, weight), outside(x, x, weight))
    assert torch.equal(product(x, x, product.weight), product(x, x))
    assert not torch.equal(product(x, x, weight), product(x, x))


def test_building_takes_little_memory_at_high_degrees():
    """The scales come from closed forms: the coupling table of lmax 12 alone would be 39 MB."""
    irreps = o3.Irreps([(2, (degree, (-1) ** degree)) for degree in range(13)])
    tracemalloc.start()
    GauntTensorProduct(irreps, irreps, irreps, parity="complete")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5e6


def test_without_normalisation_it_is_the_bare_product():
    bare = {"rank": 0, "irrep_normalization": "none", "path_normalization": "none"}
    product = GauntTensorProduct("0e+1o", "0e+1o", "0e", **bare)
    one = torch.tensor([[1.0, 0, 0, 0]], dtype=torch.float64)
    assert product(one, one).item() == pytest.approx(math.sqrt(1 / (4 * math.pi)))
    halved = GauntTensorProduct(
        "0e+1o", "0e+1o", "0e", rank=0, irrep_normalization="none", path_normalization="path"
    )
    assert halved(one, one).item() == pytest.approx(math.sqrt(1 / (8 * math.pi)))


def test_a_channel_without_a_partner_is_zero_and_both_parities_are_tracked():
    product = GauntTensorProduct("3x0e+2x1o", "3x0e+3x1e", rank=0)
    assert set(map(str, product.irreps_out)) == {"3x0e", "2x1o", "3x1e", "2x0o", "2x2o"}
    x, y = randn(2, 9), randn(2, 12, seed=1)
    z = product(x, y)
    assert (z != 0).all()


def test_complete_product_reaches_every_path_of_e3nn():
    irreps = o3.Irreps("2x0e+2x1o+2x2e+2x3o")
    complete = GauntTensorProduct(irreps, irreps, parity="complete").irreps_out
    every = o3.FullTensorProduct(irreps, irreps).irreps_out
    assert {ir for _, ir in complete} == {ir for _, ir in every}
    even = GauntTensorProduct(irreps, irreps).irreps_out
    assert o3.Irrep("1e") in {ir for _, ir in complete} - {ir for _, ir in even}


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: GauntTensorProduct("0e+1o", "0e+1o", "1e"),
            "no path reaches 1x1e from .* parity='even': at most 0",
        ),
        (lambda: GauntTensorProduct("4x1o", "4x1o", "8x0e"), "no path reaches 8x0e .* at most 4x0e"),
        (lambda: GauntTensorProduct("", "0e"), "no path leads from"),
        (lambda: GauntTensorProduct("0e", "0e", ""), "irreps_out holds no irrep"),
        (lambda: GauntTensorProduct("0e", "0e", rank=-1), "rank must not be negative, got -1"),
        (
            lambda: GauntTensorProduct("0e", "0e", parity="odd"),
            "parity must be one of even, complete, got 'odd'",
        ),
        (lambda: GauntTensorProduct("0e", "0e", layout="x"), "layout must be one of mul_ir, ir_mul, got 'x'"),
        (lambda: GauntTensorProduct("0e", "0e", method="x"), "method must be one of"),
        (
            lambda: GauntTensorProduct("0e", "0e", irrep_normalization="x"),
            "irrep_normalization must be one of",
        ),
        (lambda: GauntTensorProduct("0e", "0e", path_normalization="x"), "path_normalization must be one of"),
        (
            lambda: GauntTensorProduct("0e", "0e", internal_weights=True, shared_weights=False),
            "needs shared_weights",
        ),
        (
            lambda: GauntTensorProduct("0e+1o", "0e")(torch.ones(2, 3), torch.ones(2, 1)),
            r"x must be \(..., 4\) for 1x0e",
        ),
        (lambda: GauntTensorProduct("0e", "0e")(torch.ones(1), torch.ones(2)), r"y must be \(..., 1\)"),
        (
            lambda: GauntTensorProduct("0e", "0e", rank=0)(torch.ones(1), torch.ones(1), torch.ones(3)),
            "takes no weight",
        ),
        (
            lambda: GauntTensorProduct("0e", "0e", internal_weights=False)(torch.ones(1), torch.ones(1)),
            r"needs a weight of shape \(3,\)",
        ),
        (
            lambda: GauntTensorProduct("0e", "0e", shared_weights=False)(
                torch.ones(1), torch.ones(1), torch.ones(3)
            ),
            r"weight must be \(..., 3\), got \(3,\)",
        ),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
