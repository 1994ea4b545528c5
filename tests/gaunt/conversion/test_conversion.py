"""Weights to and from e3nn's tensor products."""

import pytest
import torch
from e3nn import o3

from groundstate.gaunt import GauntTensorProduct, from_e3nn, to_e3nn


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


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
    assert back.rank <= max(options.get("rank", 1), 1)
    for other in (twin, back):
        assert ((other(x, y) - expected).abs().max() / expected.abs().max()).item() <= bound


def test_any_uuu_product_of_e3nn_converts():
    """Free path weights, a missing path and e3nn's own normalisation."""
    torch.manual_seed(0)
    irreps = o3.Irreps("4x0e+4x1o+4x2e")
    paths = [(0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 2)]
    twin = o3.TensorProduct(irreps, irreps, irreps, [(*path, "uuu", True) for path in paths]).double()
    product = from_e3nn(twin)
    assert 1 < product.rank <= 3
    x, y = randn(5, irreps.dim), randn(5, irreps.dim, seed=1)
    assert torch.allclose(product(x, y), twin(x, y), atol=1e-12)


@pytest.mark.parametrize("second", ["16x0e+16x1o+16x2e+16x3o+16x4e", "0e+1o+2e"])
def test_a_product_of_rank_two_comes_back_with_rank_two(second):
    torch.manual_seed(0)
    product = GauntTensorProduct("16x0e+16x1o+16x2e+16x3o+16x4e", second, rank=2).double()
    back = from_e3nn(to_e3nn(product))
    x, y = randn(5, product.irreps_in1.dim), randn(5, product.irreps_in2.dim, seed=1)
    assert back.rank == 2
    assert torch.allclose(back(x, y), product(x, y), atol=1e-11)


def test_a_table_that_no_few_terms_give_is_written_row_by_row(monkeypatch):
    monkeypatch.setattr("groundstate.gaunt.conversion.factors.MOST_FITTED", 1)
    torch.manual_seed(0)
    irreps = o3.Irreps("4x0e+4x1o+4x2e")
    paths = [(0, 0, 0), (1, 1, 0), (0, 1, 1), (1, 2, 1), (1, 1, 2), (2, 2, 2)]
    for second, mode in ((irreps, "uuu"), (o3.Irreps("0e+1o+2e"), "uvu")):
        twin = o3.TensorProduct(irreps, second, irreps, [(*path, mode, True) for path in paths]).double()
        product = from_e3nn(twin)
        x, y = randn(5, irreps.dim), randn(5, second.dim, seed=1)
        assert product.rank == 5
        assert torch.allclose(product(x, y), twin(x, y), atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: to_e3nn(GauntTensorProduct("4x0e", "4x0e", layout="ir_mul")), "mul_ir layout"),
        (lambda: to_e3nn(GauntTensorProduct("4x0e", "4x0e", shared_weights=False)), "internal weights"),
        (lambda: to_e3nn(GauntTensorProduct("4x0e+2x1o", "4x0e+4x1o")), "same number of copies"),
        (lambda: from_e3nn(o3.FullyConnectedTensorProduct("4x0e", "4x0e", "4x0e")), "connection mode 'uvw'"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
