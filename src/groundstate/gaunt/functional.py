"""Products of functions on the sphere, given by their real spherical-harmonic coefficients.

Signals have shape (..., (lmax + 1)^2): orthonormal ("integral") harmonics in e3nn's component order.
"""

import math
from collections.abc import Sequence
from functools import reduce

import torch

from groundstate.gaunt import fourier
from groundstate.gaunt.choices import METHODS, check_choice
from groundstate.gaunt.contract import Contraction, Port, contract, in_working_precision
from groundstate.gaunt.transforms import constant


def gaunt_product(
    x: torch.Tensor, y: torch.Tensor, lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Coefficients of the pointwise product of two functions: sum of G(l1m1, l2m2, l3m3) x y.

    Parameters
    ----------
    x, y
        Coefficients (..., (l1 + 1)^2) and (..., (l2 + 1)^2); leading axes broadcast.
    lmax_out
        Highest degree kept; None keeps the full product, l1 + l2.
    method
        "grid": exact quadrature; "fourier": 2D Fourier series and FFT (Luo, Chen, Krishnapriyan 2024);
        "dense": the coupling table; "compiled": its non-zero entries in C, on the CPU, compiled on first use;
        "auto": the fastest for the size of those that need no compiler.

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
        return in_working_precision(lambda a, b: _fourier_product([(a, l1), (b, l2)], l3), x, y)
    return _contracted(x, y, l1, l2, l3, odd=False, method=method)


def gaunt_bracket(x: torch.Tensor, y: torch.Tensor, lmax_out: int | None = None) -> torch.Tensor:
    """Coefficients of r . (grad f x grad g): the antisymmetric paths, l1 + l2 + l3 odd.

    Together with `gaunt_product` it reaches every Clebsch-Gordan path (Bochkarev, Lysogorskiy, Drautz 2026).
    Shapes and errors as for `gaunt_product`; None for lmax_out keeps l1 + l2 (whose top degree is zero).
    """
    l1, l2 = lmax_of(x, "x"), lmax_of(y, "y")
    return _contracted(x, y, l1, l2, output_lmax(lmax_out, l1 + l2), odd=True, method="auto")


def gaunt_product_many(
    xs: Sequence[torch.Tensor], lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Coefficients of the pointwise product of several functions.

    Each factor is transformed once and the result once. "grid" multiplies on the points, "fourier" by divide
    and
    conquer in Fourier space, "dense" and "compiled" fold the product over the factors; "auto" is the grid.

    Parameters
    ----------
    xs
        One or more signals (..., (l + 1)^2); leading axes broadcast.
    lmax_out, method
        As in `gaunt_product`; None keeps the sum of all lmax.
    """
    check_choice("method", method, METHODS)
    if not xs:
        raise ValueError("gaunt_product_many needs at least one signal")
    tops = [lmax_of(x, f"xs[{index}]") for index, x in enumerate(xs)]
    top = output_lmax(lmax_out, sum(tops))
    if method == "fourier":
        return in_working_precision(lambda *fs: _fourier_product(list(zip(fs, tops, strict=True)), top), *xs)
    if method in ("dense", "compiled"):
        product = reduce(lambda a, b: gaunt_product(a, b, method=method), xs)
        return _truncated(product, top)

    def on_grid(*factors: torch.Tensor) -> torch.Tensor:
        exact = sum(tops) + top
        values = [
            factor @ _power_matrix(factor, lmax, exact, False)
            for factor, lmax in zip(factors, tops, strict=True)
        ]
        return reduce(torch.mul, values) @ _power_matrix(factors[0], top, exact, True).t()

    return in_working_precision(on_grid, *xs)


def gaunt_power(
    x: torch.Tensor, nu: int, lmax_out: int | None = None, *, method: str = "auto"
) -> torch.Tensor:
    """Coefficients of the function raised to the power nu (at least 1), transformed once.

    Shapes, methods and errors as for `gaunt_product_many`.
    """
    check_choice("method", method, METHODS)
    if nu < 1:
        raise ValueError(f"nu must be at least 1, got {nu}")
    l1 = lmax_of(x, "x")
    top = output_lmax(lmax_out, nu * l1)
    if method in ("dense", "compiled"):
        return gaunt_product_many([x] * nu, top, method=method)
    if method == "fourier":
        return in_working_precision(
            lambda f: fourier.from_fourier(_fourier_power(fourier.to_fourier(f, l1), nu), top), x
        )

    def on_grid(factor: torch.Tensor) -> torch.Tensor:
        exact = nu * l1 + top
        values = factor @ _power_matrix(factor, l1, exact, False)
        return reduce(torch.mul, [values] * nu) @ _power_matrix(factor, top, exact, True).t()

    return in_working_precision(on_grid, x)


def lmax_of(signal: torch.Tensor, name: str) -> int:
    """Highest degree of a signal whose last axis holds (lmax + 1)^2 coefficients."""
    size = signal.shape[-1] if signal.ndim else 0
    lmax = math.isqrt(size) - 1
    if lmax < 0 or (lmax + 1) ** 2 != size:
        raise ValueError(
            f"the last axis of {name} must hold (lmax + 1)^2 coefficients, got shape {tuple(signal.shape)}"
        )
    return lmax


def output_lmax(asked: int | None, full: int) -> int:
    """Highest output degree: what was asked for, or everything."""
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
    form = Contraction(*(Port(tuple(range(top + 1)), 1) for top in (l1, l2, reachable)), odd)
    rows = [signal.expand(*lead, signal.shape[-1]).reshape(-1, signal.shape[-1]) for signal in (x, y)]
    product = contract(*rows, form, method).reshape(*lead, (reachable + 1) ** 2)
    return _padded(product, l3)


def _padded(signal: torch.Tensor, lmax: int) -> torch.Tensor:
    missing = (lmax + 1) ** 2 - signal.shape[-1]
    return torch.nn.functional.pad(signal, (0, missing)) if missing else signal


def _truncated(signal: torch.Tensor, lmax: int) -> torch.Tensor:
    return _padded(signal[..., : (lmax + 1) ** 2], lmax)


def _power_matrix(like: torch.Tensor, lmax: int, exact: int, weighted: bool) -> torch.Tensor:
    return constant("power", (tuple(range(lmax + 1)), None, exact, weighted), like.dtype, like.device)


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
