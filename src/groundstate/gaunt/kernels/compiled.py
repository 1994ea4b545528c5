"""Kernel in C; layouts are converted on the way. The source is ``compiled.c``.

At low degrees, and for the bracket, the non-zero entries of the coupling table are added up. Otherwise the
product is formed on the grid: three reflections leave a Lebedev grid as it is and give every harmonic a sign,
so that harmonics are evaluated on the points of one octant, apart for each of the eight combinations of
signs; sums and differences of the eight parts are the values at the eight images.
"""

import ctypes
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch

from groundstate.gaunt.basis.forms import Contraction, Operand, Port, Product
from groundstate.gaunt.basis.harmonics import real_harmonics
from groundstate.gaunt.basis.quadrature import LEBEDEV_DEGREES, sphere_grid
from groundstate.gaunt.basis.tables import Degrees
from groundstate.gaunt.basis.transforms import Slot, coupling_matrix, scale_of_components
from groundstate.gaunt.kernels.library import library

LANES = 64  # as in the source
POINTS_FROM_DEGREE = 15
REALS = {torch.float32: np.float32, torch.float64: np.float64}


class _Plan(NamedTuple):
    """What the source calls pairs_or_ends, count (here `pairs`), targets and factors."""

    leading: np.ndarray
    pairs: int
    targets: np.ndarray | None
    factors: np.ndarray


def run(form: Contraction, operands: Sequence[Operand], products: Sequence[Product]) -> list[torch.Tensor]:
    """Return the tensor of each product (i, j, port): the contraction of operands i and j.

    Raises
    ------
    ValueError
        For tensors that are not on the CPU.
    RuntimeError
        Without a C compiler.
    """
    like = operands[0][0]
    if like.device.type != "cpu":
        raise ValueError(f"method='compiled' runs on the CPU, not on {like.device}")
    built = library(like.dtype)
    batch, channels = like.shape[0], form.channels
    rows, columns = (1, batch) if channels == 1 else (batch, channels)
    chunks = -(-columns // LANES)
    blocks = -(-rows // max(1, LANES // columns)) if columns else 0
    by_points = not form.odd and POINTS_FROM_DEGREE <= form.exact <= LEBEDEV_DEGREES[-1]
    results = []
    for i, j, port in products:
        # a result with one channel is added up over the channels of the others
        empty = like.new_zeros if port.channels < channels else like.new_empty
        z = empty(batch, port.size * port.channels)
        triple = (operands[i], operands[j], (z, port))
        slots = [_Stored.of(tensor, slot, channels, by_points) for tensor, slot in triple]
        first, second, third = ((slot.degrees, slot.scales) for _, slot in triple)
        if by_points:
            plan = _points(first, second, third, form.exact, like.dtype)
        else:
            plan = _terms(first, second, third, form.odd, like.dtype)

        def work(start: int, stop: int, slots: list[_Stored] = slots, plan: _Plan = plan) -> int:
            leading, targets, factors = map(_address, (plan.leading, plan.targets, plan.factors))
            fixed = (*map(ctypes.byref, slots), leading, plan.pairs, targets, factors)
            return built.contract(*fixed, rows, columns, start, stop)

        _spread_over_threads(work, blocks * chunks, chunks if rows > 1 else 1)
        results.append(z)
    return results


class _Stored(ctypes.Structure):
    """The source's ``operand``: how it finds the components of a contiguous tensor."""

    _fields_ = (
        ("data", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("stride", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("row", ctypes.c_int64),
    )
    places: tuple[np.ndarray, np.ndarray]

    @classmethod
    def of(cls, tensor: torch.Tensor, port: Port, channels: int, by_symmetry: bool) -> "_Stored":
        places = _places(port, channels, by_symmetry)
        stored = cls(tensor.data_ptr(), *map(_address, places), port.size, port.size * port.channels)
        stored.places = places  # the source reads them as long as it runs
        return stored


def _address(array: np.ndarray | None) -> int | None:
    return None if array is None else array.ctypes.data


@lru_cache(maxsize=1024)
def _places(port: Port, channels: int, by_symmetry: bool) -> tuple[np.ndarray, np.ndarray]:
    """Offset of every component in a row, and the distance of its channels."""
    offset, stride = np.arange(port.size), np.ones(port.size, dtype=np.int64)
    if channels == 1:  # the rows of the batch are the channels
        stride *= port.size
    elif port.channels == 1:
        stride *= 0
    elif not port.interleaved:
        offset = offset * port.channels
    else:
        widths = 2 * np.array(port.degrees) + 1
        starts = np.repeat(np.cumsum(widths) - widths, widths)
        offset, stride = starts * port.channels + offset - starts, np.repeat(widths, widths)
    if by_symmetry:
        order = np.argsort(_symmetries(port.degrees), kind="stable")
        offset, stride = offset[order], stride[order]
    return offset, stride


def _symmetries(degrees: Degrees) -> np.ndarray:
    """For every component a number of three bits: whether it changes its sign with x, y and z."""
    point = np.array([0.48, 0.6, 0.64])
    images = np.concatenate([point[None], point * (1 - 2 * np.eye(3))])
    values = real_harmonics(degrees, images)
    return (values[:, 1:] * values[:, :1] < 0) @ np.array([1, 2, 4])


@lru_cache(maxsize=1024)
def _points(first: Slot, second: Slot, third: Slot, exact: int, dtype: torch.dtype) -> _Plan:
    """Where each symmetry ends, the number of points, and the harmonics of the slots at every point."""
    points, weights = sphere_grid(exact)
    octant = (points > -1e-9).all(axis=1)
    images = 2.0 ** (np.abs(points) > 1e-9).sum(axis=1)
    weights = (weights * images / 8)[octant]
    ends, harmonics = [], []
    for degrees, scales in (first, second, third):
        symmetry = _symmetries(degrees)
        ends.append(np.cumsum(np.bincount(symmetry, minlength=8)))
        values = real_harmonics(degrees, points[octant]) * scale_of_components(degrees, scales)[:, None]
        harmonics.append(values[np.argsort(symmetry, kind="stable")])
    harmonics[2] = harmonics[2] * weights
    every = np.concatenate(harmonics).T.astype(REALS[dtype], order="C")
    return _Plan(np.concatenate(ends).astype(np.int32), len(every), None, every)


@lru_cache(maxsize=1024)
def _terms(first: Slot, second: Slot, third: Slot, odd: bool, dtype: torch.dtype) -> _Plan:
    """Pairs (i, j, terms of the pair) of components, their number, k of every term, and its coefficient."""
    size = sum(2 * degree + 1 for degree in second[0])
    table = coupling_matrix(first, second, third, odd)
    pair, target = np.nonzero(table)
    kept, counts = np.unique(pair, return_counts=True)
    pairs = np.stack([kept // size, kept % size, counts], axis=1).astype(np.int32)
    return _Plan(pairs, len(pairs), target.astype(np.int32), table[pair, target].astype(REALS[dtype]))


def _spread_over_threads(work: Callable[[int, int], int], tiles: int, unit: int) -> None:
    """Call work(first, last) for as many parts as torch has threads, each a multiple of `unit` tiles."""
    if not tiles:
        return
    threads = min(torch.get_num_threads(), tiles // unit)
    if threads <= 1:
        failed = bool(work(0, tiles))
    else:
        ends = [tiles // unit * part // threads * unit for part in range(threads)] + [tiles]
        with ThreadPoolExecutor(threads) as pool:
            failed = any(pool.map(work, ends, ends[1:]))
    if failed:
        raise MemoryError("no memory for a tile of the compiled product")
