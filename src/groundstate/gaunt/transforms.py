"""Matrices between coefficients and points, kept once per dtype and device.

A contraction of two signals into a third is the trilinear form  sum_p X_p Y_p Z_p  over the points of an
exact
quadrature rule. The weights are shared between the three factors as cube roots, so that all three matrices
are
alike and every derivative of the form is a form of the same kind.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
import torch
from torch.utils._python_dispatch import _disable_current_modes

from groundstate.gaunt.harmonics import components, real_harmonics, surface_gradient
from groundstate.gaunt.quadrature import half_grid, sphere_grid
from groundstate.gaunt.tables import Degrees, coupling

_BUILDERS: dict[str, Callable[..., np.ndarray]] = {}
_CACHE: dict[tuple, torch.Tensor] = {}


def constant_builder(kind: str) -> Callable[[Callable[..., np.ndarray]], Callable[..., np.ndarray]]:
    """Decorator: the float64 or integer array that the function builds is `constant(kind, its arguments,
    ...)`."""

    def add(builder: Callable[..., np.ndarray]) -> Callable[..., np.ndarray]:
        _BUILDERS[kind] = builder
        return builder

    return add


def constant(kind: str, key: tuple, dtype: torch.dtype | None, device: torch.device) -> torch.Tensor:
    """One constant array as a tensor, built in float64 and rounded once; integer arrays take dtype None.

    Kept outside the modules: nothing to save, to copy or to cast, and `.double()` gives the float64 values. A
    compiler sees an operation without tensor inputs, which it cannot and need not look into.
    """
    if torch.compiler.is_compiling():
        whole, real, text = _encode(key)
        return torch.ops.groundstate.gaunt_constant(kind, whole, real, text, dtype, device)
    return _kept(kind, key, dtype, device)


def _kept(kind: str, key: tuple, dtype: torch.dtype | None, device: torch.device) -> torch.Tensor:
    entry = (kind, key, dtype, device)
    found = _CACHE.get(entry)
    if found is None:
        # a fake, traced or inference tensor must not be kept
        with _disable_current_modes(), torch.inference_mode(False):
            found = torch.tensor(np.ascontiguousarray(_BUILDERS[kind](*key)), dtype=dtype, device=device)
        _CACHE[entry] = found
    return found


@torch.library.custom_op("groundstate::gaunt_constant", mutates_args=())
def _constant_operation(
    kind: str,
    whole: Sequence[int],
    real: Sequence[float],
    text: str,
    dtype: torch.dtype | None,
    device: torch.device,
) -> torch.Tensor:
    return _kept(kind, _decode(whole, real, text), dtype, device)


@_constant_operation.register_fake
def _(kind, whole, real, text, dtype, device):
    kept = _kept(kind, _decode(whole, real, text), dtype, torch.device("cpu"))
    return torch.empty(kept.shape, dtype=kept.dtype, device=device)


_TUPLE, _INTEGER, _NOTHING, _REAL, _TEXT = range(5)


def _encode(key: tuple) -> tuple[list[int], list[float], str]:
    """A nested key as flat lists, which is what an operation can take: a tag, then a length or a value."""
    whole, real, text = [], [], []

    def put(item) -> None:
        if item is None:
            whole.append(_NOTHING)
        elif isinstance(item, tuple):
            whole.extend((_TUPLE, len(item)))
            for part in item:
                put(part)
        elif isinstance(item, float):
            whole.append(_REAL)
            real.append(item)
        elif isinstance(item, str):
            whole.append(_TEXT)
            text.append(item)
        else:
            whole.extend((_INTEGER, int(item)))

    put(key)
    return whole, real, "\n".join(text)


def _decode(whole: Sequence[int], real: Sequence[float], text: str) -> tuple:
    """Inverse of `_encode`; booleans come back as the equal integers."""
    numbers, reals, texts = iter(whole), iter(real), iter(text.split("\n"))

    def take():
        tag = next(numbers)
        if tag == _TUPLE:
            return tuple([take() for _ in range(next(numbers))])
        if tag == _NOTHING:
            return None
        if tag == _REAL:
            return next(reals)
        return next(texts) if tag == _TEXT else next(numbers)

    return take()


@constant_builder("order")
@lru_cache(maxsize=512)
def even_first(degrees: Degrees) -> np.ndarray:
    """Order of the components that puts the even degrees before the odd ones."""
    return np.argsort(components(degrees) % 2, kind="stable")


@constant_builder("back")
def _even_first_inverse(degrees: Degrees) -> np.ndarray:
    return np.argsort(even_first(degrees))


@constant_builder("scales")
def scale_of_components(degrees: Degrees, scales: tuple[float, ...] | None) -> np.ndarray:
    """Factor of every component."""
    return np.repeat(scales or (1.0,) * len(degrees), [2 * degree + 1 for degree in degrees])


def _values(
    degrees: Degrees, scales: tuple[float, ...] | None, points: np.ndarray, gradient: bool
) -> np.ndarray:
    """(1 or 2, components, points): values, or the two components of the surface gradient."""
    values = surface_gradient(degrees, points) if gradient else real_harmonics(degrees, points)[None]
    return values * scale_of_components(degrees, scales)[:, None]


@constant_builder("full")
def _full(degrees: Degrees, scales: tuple[float, ...] | None, exact: int, gradient: bool) -> np.ndarray:
    """(components, points) on the whole grid; the gradient components side by side."""
    points, weights = sphere_grid(exact)
    return np.concatenate(list(_values(degrees, scales, points, gradient) * np.cbrt(weights)), axis=-1)


@constant_builder("half")
def _half(
    degrees: Degrees, scales: tuple[float, ...] | None, exact: int, gradient: bool, odd: bool
) -> np.ndarray:
    """(points, components of one parity) on one point of every antipodal pair; gradients stacked along
    points."""
    points, weights = half_grid(exact)
    values = _values(degrees, scales, points, gradient) * np.cbrt(weights)
    return np.concatenate([part.T for part in values[:, components(degrees) % 2 == int(odd)]])


@constant_builder("table")
def table(first: tuple, second: tuple, third: tuple, odd: bool) -> np.ndarray:
    """(pairs of input components, output components) of the coupling; each slot is (degrees, scales)."""
    a, b, c = (scale_of_components(*slot) for slot in (first, second, third))
    entries = coupling(first[0], second[0], third[0], odd) * a[:, None, None] * b[:, None] * c
    return entries.reshape(-1, c.size)


@constant_builder("power")
def _power(degrees: Degrees, scales: tuple[float, ...] | None, exact: int, weighted: bool) -> np.ndarray:
    """(components, points) with the whole quadrature weight on one side: for products of many factors."""
    points, weights = sphere_grid(exact)
    return _values(degrees, scales, points, False)[0] * (weights if weighted else 1.0)
