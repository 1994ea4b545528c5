"""Products of functions on the sphere, given by their real spherical-harmonic coefficients.

Signals have shape (..., (lmax + 1)^2): orthonormal ("integral") harmonics in e3nn's component order.
"""

import math
from collections.abc import Sequence
from functools import reduce

import torch

from groundstate.gaunt import fourier
from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.basis.transforms import power_matrix
from groundstate.gaunt.choices import METHODS, check_choice
from groundstate.gaunt.contraction.contract import contract
from groundstate.gaunt.precision import in_working_precision


def gaunt_product(
    x: torch.Tensor, y: torch.Tensor, lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Return the coefficients of the pointwise product of two functions: sum of G(l1m1, l2m2, l3m3) x y.

    Parameters
    ----------
    x, y
        Coefficients (..., (l1 + 1)^2) and (..., (l2 + 1)^2); leading axes broadcast.
    lmax_out
        Highest degree kept; None keeps the full product, l1 + l2.
    method
        "auto": table, grid or the kernel in C, by size; without a C compiler kernels in Python, with a
        sentence; "fastest": the same by thresholds measured on this machine; "compiled": the kernel in C;
        "grid": exact quadrature; "dense": the coupling table; "fourier": 2D Fourier series and FFT (Luo,
        Chen, Krishnapriyan 2024).

    Returns
    -------
    Coefficients (..., (lmax_out + 1)^2).

    Raises
    ------
    ValueError
        For a last axis that is not a square, a negative lmax_out or an unknown method.
    """
    check_choice("method", method, METHODS)
    l1, l2 = lmax_of(x, "x"), lmax_of(y, "y")
    l3 = output_lmax(lmax_out, l1 + l2)
    if method == "fourier":
        if 0 not in (*x.shape, *y.shape):
            return in_working_precision(lambda a, b: _fourier_product([(a, l1), (b, l2)], l3), x, y)
        method = "grid"  # an FFT refuses to transform nothing
    return _contracted(x, y, l1, l2, l3, odd=False, method=method)


def gaunt_bracket(x: torch.Tensor, y: torch.Tensor, lmax_out: int | None = None) -> torch.Tensor:
    """Return the coefficients of r . (grad f x grad g): the antisymmetric paths, l1 + l2 + l3 odd.

    Together with `gaunt_product` it reaches every Clebsch-Gordan path (Bochkarev, Lysogorskiy, Drautz 2026).

    Parameters
    ----------
    x, y, lmax_out
        As in `gaunt_product`; None keeps l1 + l2, whose top degree is zero.

    Returns
    -------
    Coefficients (..., (lmax_out + 1)^2).

    Raises
    ------
    ValueError
        For a last axis that is not a square, or a negative lmax_out.
    """
    l1, l2 = lmax_of(x, "x"), lmax_of(y, "y")
    return _contracted(x, y, l1, l2, output_lmax(lmax_out, l1 + l2), odd=True, method="auto")


def gaunt_product_many(
    xs: Sequence[torch.Tensor], lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Return the coefficients of the pointwise product of several functions.

    Each factor is transformed once and the result once.

    Parameters
    ----------
    xs
        One or more signals (..., (l + 1)^2); leading axes broadcast.
    lmax_out
        Highest degree kept; None keeps the sum of all lmax.
    method
        "auto", "fastest", "grid": multiply on the points; "fourier": divide and conquer in Fourier space;
        "dense", "compiled": one product after the other.

    Returns
    -------
    Coefficients (..., (lmax_out + 1)^2).

    Raises
    ------
    ValueError
        For no signals, a last axis that is not a square, a negative lmax_out or an unknown method.
    """
    check_choice("method", method, METHODS)
    if not xs:
        raise ValueError("gaunt_product_many needs at least one signal")
    tops = [lmax_of(x, f"xs[{index}]") for index, x in enumerate(xs)]
    top = output_lmax(lmax_out, sum(tops))
    if method == "fourier" and all(0 not in x.shape for x in xs):
        return in_working_precision(lambda *fs: _fourier_product(list(zip(fs, tops, strict=True)), top), *xs)
    if method in ("dense", "compiled"):
        product = reduce(lambda a, b: gaunt_product(a, b, method=method), xs)
        return _truncated(product, top)
    return in_working_precision(lambda *fs: _on_grid(fs, tops, top), *xs)


def gaunt_power(
    x: torch.Tensor, nu: int, lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Return the coefficients of the function raised to a power, transformed once.

    Parameters
    ----------
    x
        Coefficients (..., (l + 1)^2).
    nu
        Power, at least 1.
    lmax_out, method
        As in `gaunt_product_many`; None keeps nu l.

    Returns
    -------
    Coefficients (..., (lmax_out + 1)^2).

    Raises
    ------
    ValueError
        For nu < 1, and as in `gaunt_product_many`.
    """
    check_choice("method", method, METHODS)
    if nu < 1:
        raise ValueError(f"nu must be at least 1, got {nu}")
    l1 = lmax_of(x, "x")
    top = output_lmax(lmax_out, nu * l1)
    if method in ("dense", "compiled"):
        return gaunt_product_many([x] * nu, top, method=method)
    if method == "fourier" and 0 not in x.shape:
        return in_working_precision(
            lambda f: fourier.from_fourier(_fourier_power(fourier.to_fourier(f, l1), nu), top), x
        )
    return in_working_precision(lambda f: _on_grid([f], [l1], top, nu), x)


def lmax_of(signal: torch.Tensor, name: str) -> int:
    """Return the highest degree of a signal whose last axis holds (lmax + 1)^2 coefficients."""
    size = signal.shape[-1] if signal.ndim else 0
    lmax = math.isqrt(size) - 1
    if lmax < 0 or (lmax + 1) ** 2 != size:
        raise ValueError(
            f"the last axis of {name} must hold (lmax + 1)^2 coefficients, got shape {tuple(signal.shape)}"
        )
    return lmax


def output_lmax(asked: int | None, full: int) -> int:
    """Return the highest output degree: what was asked for, or everything."""
    if asked is None:
        return full
    if asked < 0:
        raise ValueError(f"lmax_out must not be negative, got {asked}")
    return asked


def _contracted(
    x: torch.Tensor, y: torch.Tensor, l1: int, l2: int, l3: int, odd: bool, method: str
) -> torch.Tensor:
    lead = torch.broadcast_shapes(x.shape[:-1], y.shape[:-1])
    reachable = min(l3, l1 + l2)
    first, second, third = (Port(tuple(range(top + 1)), 1) for top in (l1, l2, reachable))
    rows = math.prod(lead)
    x, y = (signal.expand(*lead, signal.shape[-1]).reshape(rows, signal.shape[-1]) for signal in (x, y))
    product = contract(x, y, Contraction(first, second, third, odd), method)
    product = product.reshape(*lead, (reachable + 1) ** 2)
    return _padded(product, l3)


def _on_grid(factors: Sequence[torch.Tensor], tops: Sequence[int], lmax: int, times: int = 1) -> torch.Tensor:
    """Multiply on the points, all factors so many times; each is transformed once."""
    exact = times * sum(tops) + lmax
    values = [f @ _power_matrix(f, top, exact, False) for f, top in zip(factors, tops, strict=True)]
    return reduce(torch.mul, values * times) @ _power_matrix(factors[0], lmax, exact, True).t()


def _padded(signal: torch.Tensor, lmax: int) -> torch.Tensor:
    missing = (lmax + 1) ** 2 - signal.shape[-1]
    return torch.nn.functional.pad(signal, (0, missing)) if missing else signal


def _truncated(signal: torch.Tensor, lmax: int) -> torch.Tensor:
    return _padded(signal[..., : (lmax + 1) ** 2], lmax)


def _power_matrix(like: torch.Tensor, lmax: int, exact: int, weighted: bool) -> torch.Tensor:
    return constant(power_matrix, (tuple(range(lmax + 1)), None, exact, weighted), like.dtype, like.device)


def _fourier_product(factors: list[tuple[torch.Tensor, int]], lmax: int) -> torch.Tensor:
    """Divide and conquer: neighbours first, so that the spectra grow as late as possible."""
    spectra = [fourier.to_fourier(factor, top) for factor, top in factors]
    while len(spectra) > 1:
        pairs = [fourier.multiply(a, b) for a, b in zip(spectra[::2], spectra[1::2], strict=False)]
        spectra = pairs + spectra[2 * len(pairs) :]
    return fourier.from_fourier(spectra[0], lmax)


def _fourier_power(spectrum: torch.Tensor, nu: int) -> torch.Tensor:
    if nu == 1:
        return spectrum
    half = _fourier_power(spectrum, nu // 2)
    square = fourier.multiply(half, half)
    return fourier.multiply(square, spectrum) if nu % 2 else square
