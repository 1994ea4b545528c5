"""Every method of the functional core against the coupling table and against the meaning of the operation."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from groundstate.c_kernels import compiler
from groundstate.gaunt import (
    bracket_coefficients,
    gaunt_bracket,
    gaunt_coefficients,
    gaunt_power,
    gaunt_product,
    gaunt_product_many,
    spherical_harmonics,
)
from groundstate.gaunt.contraction import rules
from groundstate.gaunt.kernels import library

KERNELS = ("plain", "terms", "full", "halves", *(("compiled",) if compiler() else ()))


def signal(*shape, lmax, dtype=torch.float64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, (lmax + 1) ** 2, dtype=torch.float64, generator=generator).to(dtype)


def by_table(x, y, lmax, coefficients=gaunt_coefficients):
    """The reference: the sum over all paths of the tables that `test_tables` checks one by one."""
    l1, l2 = (math.isqrt(s.shape[-1]) - 1 for s in (x, y))
    out = torch.zeros(*x.shape[:-1], (lmax + 1) ** 2, dtype=torch.float64)
    for a in range(l1 + 1):
        for b in range(l2 + 1):
            for c in range(abs(a - b), min(a + b, lmax) + 1):
                part = (x[..., a * a : (a + 1) ** 2].double(), y[..., b * b : (b + 1) ** 2].double())
                term = torch.einsum("...i,...j,ijk->...k", *part, coefficients(a, b, c))
                out[..., c * c : (c + 1) ** 2] += term
    return out


def error(found, expected):
    return ((found.double() - expected).abs().max() / expected.abs().max()).item()


@pytest.fixture(params=KERNELS)
def kernel(request, monkeypatch):
    """Force one of the grid kernels, which otherwise are chosen by size."""
    monkeypatch.setattr(rules, "kernel", lambda *_: request.param)
    return request.param


@pytest.mark.parametrize("lmax", range(11))
def test_all_kernels_agree_with_the_reference_and_are_equivariant(lmax, turn, monkeypatch):
    x, y, turn = signal(3, lmax=lmax), signal(3, lmax=lmax, seed=1), torch.block_diag(*turn[1][: lmax + 1])
    expected = gaunt_product(x, y, lmax, method="dense")
    if lmax <= 4:
        assert error(expected, by_table(x, y, lmax)) < 1e-13
    assert error(gaunt_product(x, y, lmax, method="fourier"), expected) < 1e-12
    bracket = gaunt_bracket(x, y, lmax)
    for name in KERNELS:
        if name == "terms" and lmax > 3:
            continue  # an operation for each of thousands of entries: made for the lowest degrees
        monkeypatch.setattr(rules, "kernel", lambda *_, name=name: name)
        for function, reference in ((gaunt_product, expected), (gaunt_bracket, bracket)):
            z = function(x, y, lmax)
            if lmax or function is gaunt_product:
                assert error(z, reference) < 1e-12
                assert error(function(x @ turn.T, y @ turn.T, lmax), z @ turn.T) < 1e-12
            single = function(x.float(), y.float(), lmax)
            assert single.dtype == torch.float32
            turned = function((x @ turn.T).float(), (y @ turn.T).float(), lmax)
            for found, wanted in ((single, reference), (turned, z @ turn.T)):
                assert (found - wanted).abs().max() <= 5e-6 * max(expected.abs().max(), reference.abs().max())


@settings(max_examples=15, deadline=None)
@given(
    st.integers(0, 4), st.integers(0, 4), st.one_of(st.none(), st.integers(0, 9)), st.sampled_from(KERNELS)
)
def test_any_sizes_agree_with_the_tables(l1, l2, l3, name):
    x, y = signal(2, lmax=l1), signal(2, lmax=l2, seed=1)
    top = l1 + l2 if l3 is None else l3
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rules, "kernel", lambda *_: name)
        for method in ("grid", "fourier", "dense"):
            z = gaunt_product(x, y, l3, method=method)
            assert z.shape == (2, (top + 1) ** 2)
            assert torch.allclose(z, by_table(x, y, top), atol=1e-12, rtol=0)
        expected = by_table(x, y, top, bracket_coefficients)
        assert torch.allclose(gaunt_bracket(x, y, l3), expected, atol=1e-11, rtol=0)


def test_values_on_the_sphere_multiply():
    x, y = signal(4, lmax=3), signal(4, lmax=2, seed=1)
    points = torch.nn.functional.normalize(signal(9, lmax=1)[:, :3], dim=-1)
    f, g = x @ spherical_harmonics(3, points).T, y @ spherical_harmonics(2, points).T
    z = gaunt_product(x, y)
    assert torch.allclose(z @ spherical_harmonics(5, points).T, f * g, atol=1e-13)
    cube = gaunt_power(x, 3) @ spherical_harmonics(9, points).T
    assert torch.allclose(cube, f**3, atol=1e-12)


def test_bracket_of_two_vectors_is_their_cross_product():
    """f = a.r and g = b.r give r.(a x b)."""
    a, b = signal(5, lmax=1)[:, 1:], signal(5, lmax=1, seed=1)[:, 1:]
    pad = torch.nn.functional.pad
    z = gaunt_bracket(pad(a, (1, 0)), pad(b, (1, 0)), 1)
    expected = torch.linalg.cross(a, b) * math.sqrt(3 / (4 * math.pi))
    assert torch.allclose(z, pad(expected, (1, 0)), atol=1e-14)
    assert gaunt_bracket(a.new_ones(1, 9), a.new_ones(1, 9)).abs().max() < 1e-14


@pytest.mark.parametrize("method", ["grid", "fourier", "dense", "auto"])
@pytest.mark.parametrize("nu", [1, 2, 3, 4, 5])
def test_powers_and_many_products_are_repeated_products(nu, method):
    factors = [signal(2, 3, lmax=2, seed=seed) for seed in range(nu)]
    expected, power = factors[0], factors[0]
    for factor in factors[1:]:
        expected, power = by_table(expected, factor, 2 * nu), by_table(power, factors[0], 2 * nu)
    for lmax in (None, 2):
        size = slice(None) if lmax is None else slice(0, 9)
        found = gaunt_product_many(factors, lmax, method=method)
        top = math.isqrt(found.shape[-1])
        assert torch.allclose(
            found, torch.nn.functional.pad(expected, (0, 0))[..., : top * top][..., size], atol=1e-11
        )
        assert torch.allclose(
            gaunt_power(factors[0], nu, lmax, method=method), power[..., : top * top], atol=1e-11
        )


def test_leading_axes_broadcast_and_may_be_empty(kernel):
    x, y = signal(4, 1, lmax=2), signal(3, lmax=1, seed=1)
    z = gaunt_product(x, y)
    assert z.shape == (4, 3, 16)
    assert torch.allclose(z[2, 1], by_table(x[2], y[1:2], 3)[0], atol=1e-13)
    assert gaunt_product(signal(lmax=2), signal(lmax=2)).shape == (25,)
    empty = signal(0, lmax=2).requires_grad_()
    for function in (gaunt_product, gaunt_bracket):
        result = function(empty, signal(0, lmax=2))
        assert result.shape == (0, 25)
        result.sum().backward()
        assert empty.grad.shape == (0, 9)


@pytest.mark.parametrize("method", ["auto", "fastest", "grid", "dense", "fourier"])
def test_every_method_takes_an_empty_batch(method):
    x, y = signal(2, 0, 3, lmax=2).requires_grad_(), signal(3, lmax=1, seed=1).requires_grad_()
    z = gaunt_product(x, y, method=method)
    many = gaunt_product_many([x, y, x], 2, method=method)
    power = gaunt_power(x, 3, 2, method=method)
    assert z.shape == (2, 0, 3, 16) and many.shape == power.shape == (2, 0, 3, 9)
    (z.sum() + many.sum() + power.sum()).backward()
    assert x.grad.shape == x.shape
    assert torch.equal(y.grad, torch.zeros_like(y))


def test_half_precision_and_autocast_are_computed_in_float32():
    x = signal(50, lmax=3)
    z = gaunt_product(x.bfloat16(), x.bfloat16())
    assert z.dtype == torch.bfloat16
    expected = gaunt_product(x.bfloat16().float(), x.bfloat16().float())
    assert torch.equal(z, expected.bfloat16())
    with torch.autocast("cpu", dtype=torch.bfloat16):
        for method in ("grid", "fourier", "dense"):
            z = gaunt_product(x.float(), x.float(), method=method)
            assert z.dtype == torch.float32
            assert error(z, gaunt_product(x, x)) < 5e-6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: gaunt_product(torch.ones(2, 8), torch.ones(2, 4)), r"last axis of x .* \(2, 8\)"),
        (lambda: gaunt_product(torch.ones(2, 4), torch.tensor(1.0)), r"last axis of y"),
        (lambda: gaunt_product(torch.ones(4), torch.ones(4), -1), r"lmax_out must not be negative, got -1"),
        (
            lambda: gaunt_product(torch.ones(4), torch.ones(4), method="fft"),
            r"auto, fastest, compiled, grid, dense, fourier, got 'fft'",
        ),
        (lambda: gaunt_power(torch.ones(4), 0), r"nu must be at least 1, got 0"),
        (lambda: gaunt_product_many([]), r"at least one signal"),
        (
            lambda: gaunt_product(torch.ones(4).long(), torch.ones(4).long()),
            r"floating-point tensors, got torch.int64",
        ),
        (lambda: spherical_harmonics(-1, torch.ones(3)), r"lmax must not be negative, got -1"),
        (lambda: spherical_harmonics(1, torch.ones(4)), r"vectors must be \(..., 3\), got \(4,\)"),
    ],
)
def test_wrong_input_is_named(call, message):
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_rows_of_any_number_fall_into_blocks_without_a_seam(kernel):
    """More rows than one block, and a last block that is shorter."""
    x, y = signal(2503, lmax=4), signal(2503, lmax=4, seed=1)
    expected = gaunt_product(x, y, 4, method="dense")
    assert error(gaunt_product(x, y, 4), expected) < 1e-12


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_compiled_method_needs_a_compiler_and_the_cpu(monkeypatch):
    x = signal(100, lmax=2)
    assert error(gaunt_product(x, x, method="compiled"), gaunt_product(x, x, method="dense")) < 1e-13
    with pytest.raises(ValueError, match="runs on the CPU, not on meta"):
        gaunt_product(x.to("meta"), x.to("meta"), method="compiled")
    for path, message in (("", "need a C compiler: cc, gcc or clang"), ("/bin/false", "/bin/false failed")):
        library.library.cache_clear()
        monkeypatch.setattr(library, "compiler", lambda path=path: path or None)
        with pytest.raises(RuntimeError, match=message):
            gaunt_product(x, x, method="compiled")


@pytest.mark.skipif(compiler() is None, reason="no C compiler")
def test_compiled_method_shares_its_rows_among_threads():
    before = torch.get_num_threads()
    x, y = signal(2503, lmax=3), signal(2503, lmax=3, seed=1)
    try:
        torch.set_num_threads(3)
        assert (
            error(gaunt_product(x, y, 3, method="compiled"), gaunt_product(x, y, 3, method="dense")) < 1e-12
        )
    finally:
        torch.set_num_threads(before)
