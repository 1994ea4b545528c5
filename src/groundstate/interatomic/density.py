"""The atomic density: sums over neighbours of harmonics times radial functions times features.

T[i, lm, a, c] = sum over edges e into i of Y[e, lm] R[e, l, c] h[source(e), a, c]

A C kernel does it edge by edge in cache, with first and second derivatives (forces, and the loss of forces);
where there is no compiler or the tensors are on a GPU, the same is done by torch.
"""

import contextlib
import ctypes
from collections.abc import Iterator
from contextvars import ContextVar
from functools import lru_cache
from importlib.resources import files

import torch
from torch import Tensor
from torch.autograd.function import FunctionCtx, once_differentiable

from groundstate.c_kernels import c_kernels
from groundstate.gaunt.kernels.library import compiled

_plain: ContextVar[bool] = ContextVar("plain", default=False)


class _Graph(ctypes.Structure):
    _fields_ = [(name, ctypes.c_int64) for name in ("atoms", "lmax", "components", "channels")]
    _fields_ += [(name, ctypes.c_void_p) for name in ("first", "source", "harmonics", "radial", "features")]


@lru_cache(maxsize=2)
def _library(dtype: torch.dtype) -> ctypes.CDLL | None:
    """Return the compiled source for one type; None where it cannot be compiled."""
    try:
        return compiled(files("groundstate.interatomic") / "density.c", dtype)
    except RuntimeError:
        return None


def _call(name: str, operands: tuple[Tensor, ...], first: Tensor, source: Tensor, *others: Tensor) -> None:
    harmonics, radial, features = operands
    lmax, channels = radial.shape[1] - 1, radial.shape[2]
    sizes = (features.shape[0], lmax, features.shape[1], channels)
    graph = _Graph(*sizes, *(t.data_ptr() for t in (first, source, harmonics, radial, features)))
    library = _library(harmonics.dtype)
    assert library is not None
    getattr(library, name)(ctypes.byref(graph), *(ctypes.c_void_p(other.data_ptr()) for other in others))


class _Density(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx, harmonics: Tensor, radial: Tensor, features: Tensor, first: Tensor, source: Tensor
    ) -> Tensor:
        ctx.save_for_backward(harmonics, radial, features, first, source)
        atoms, components, channels = features.shape
        total = features.new_zeros(atoms, harmonics.shape[1], components, channels)
        _call("density_sums", (harmonics, radial, features), first, source, total)
        return total

    @staticmethod
    def backward(ctx: FunctionCtx, gradient: Tensor) -> tuple[Tensor | None, ...]:
        return *_Derivative.apply(gradient.contiguous(), *ctx.saved_tensors), None, None  # type: ignore[attr-defined]  # as below


class _Derivative(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: FunctionCtx,
        gradient: Tensor,
        harmonics: Tensor,
        radial: Tensor,
        features: Tensor,
        first: Tensor,
        source: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(gradient, harmonics, radial, features, first, source)
        results = torch.empty_like(harmonics), torch.empty_like(radial), torch.zeros_like(features)
        _call("density_first", (harmonics, radial, features), first, source, gradient, *results)
        return results

    @staticmethod
    @once_differentiable
    def backward(ctx: FunctionCtx, *tangents: Tensor) -> tuple[Tensor | None, ...]:
        gradient, harmonics, radial, features, first, source = ctx.saved_tensors  # type: ignore[attr-defined]  # torch declares it on no base
        results = (
            torch.zeros_like(gradient),
            torch.empty_like(harmonics),
            torch.empty_like(radial),
            torch.zeros_like(features),
        )
        others = (gradient, *(tangent.contiguous() for tangent in tangents), *results)
        _call("density_second", (harmonics, radial, features), first, source, *others)
        return *results, None, None


@contextlib.contextmanager
def by_torch() -> Iterator[None]:
    """Inside, the kernel in C is not used: what is traced has to hold operations of torch alone."""
    token = _plain.set(True)
    try:
        yield
    finally:
        _plain.reset(token)


def density_by_torch(
    harmonics: Tensor, radial: Tensor, features: Tensor, source: Tensor, target: Tensor
) -> Tensor:
    """Return what ``density`` does, by plain torch: for other devices, and for higher derivatives."""
    sent = features.index_select(0, source)
    lmax = radial.shape[1] - 1
    parts = []
    for degree, values in enumerate(harmonics.split([2 * d + 1 for d in range(lmax + 1)], 1)):
        weighted = sent * radial[:, degree, None]
        messages = values[:, :, None, None] * weighted[:, None]
        parts.append(
            messages.new_zeros(features.shape[0], *messages.shape[1:]).index_add(0, target, messages)
        )
    return torch.cat(parts, 1)


def density(
    harmonics: Tensor, radial: Tensor, features: Tensor, source: Tensor, target: Tensor, first: Tensor
) -> Tensor:
    """Sum over the neighbours of every atom.

    Parameters
    ----------
    harmonics
        (edges, (lmax + 1)^2).
    radial
        (edges, lmax + 1, channels).
    features
        (atoms, components, channels).
    source, target
        (edges,), int64; edges sorted by ``target``.
    first
        (atoms + 1,), int64: first edge of every atom.

    Returns
    -------
    (atoms, (lmax + 1)^2, components, channels); differentiable twice.
    """
    if _plain.get() or harmonics.device.type != "cpu" or not c_kernels() or _library(harmonics.dtype) is None:
        return density_by_torch(harmonics, radial, features, source, target)
    return _Density.apply(harmonics.contiguous(), radial.contiguous(), features.contiguous(), first, source)
