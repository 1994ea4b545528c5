"""Kernel in C, compiled on first use; layouts are converted on the way. The source is `compiled.c`.

At low degrees, and for the bracket, the non-zero entries of the coupling table are added up. Otherwise the
product is formed on the grid: three reflections leave a Lebedev grid as it is and give every harmonic a sign,
so that harmonics are evaluated on the points of one octant, apart for each of the eight combinations of
signs; sums and differences of the eight parts are the values at the eight images.
"""

import ctypes
import os
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.resources import as_file, files
from pathlib import Path

import numpy as np
import torch

from groundstate.gaunt.harmonics import real_harmonics
from groundstate.gaunt.quadrature import LEBEDEV_DEGREES, sphere_grid
from groundstate.gaunt.transforms import scale_of_components, table

LANES = 64  # as in the source
POINTS_FROM_DEGREE = 15
TYPES = {torch.float32: ("float", np.float32), torch.float64: ("double", np.float64)}


def run(form, operands, wanted):
    """Evaluate products of `operands` (tensor, port): each of `wanted` (i, j, port) gives T(operand i,
    operand j)."""
    like = operands[0][0]
    if like.device.type != "cpu":
        raise ValueError(f"method='compiled' runs on the CPU, not on {like.device}")
    library = _library(like.dtype)
    batch, channels = like.shape[0], form.channels
    rows, columns = (1, batch) if channels == 1 else (batch, channels)
    chunks = -(-columns // LANES)
    blocks = -(-rows // max(1, LANES // columns)) if columns else 0
    by_points = not form.odd and POINTS_FROM_DEGREE <= form.exact <= LEBEDEV_DEGREES[-1]
    results = []
    for i, j, port in wanted:
        # a result with one channel is summed over the channels of the others
        empty = like.new_zeros if port.channels < channels else like.new_empty
        z = empty(batch, port.size * port.channels)
        triple = (operands[i], operands[j], (z, port))
        slots = [_Operand.of(tensor, slot, channels, by_points) for tensor, slot in triple]
        keys = [(slot.degrees, slot.scales) for _, slot in triple]
        leading, count, targets, factors = (
            _points(*keys, form.exact, like.dtype) if by_points else _terms(*keys, form.odd, like.dtype)
        )

        def work(
            first, last, slots=slots, plan=(_address(leading), count, _address(targets), _address(factors))
        ):
            return library.contract(*map(ctypes.byref, slots), *plan, rows, columns, first, last)

        _spread_over_threads(work, blocks * chunks, chunks if rows > 1 else 1)
        results.append(z)
    return results


class _Operand(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("offset", ctypes.c_void_p),
        ("stride", ctypes.c_void_p),
        ("size", ctypes.c_int64),
        ("row", ctypes.c_int64),
    ]

    @classmethod
    def of(cls, tensor, port, channels, by_symmetry):
        """How the source finds the components of a contiguous tensor."""
        places = _places(port, channels, by_symmetry)
        found = cls(tensor.data_ptr(), *map(_address, places), port.size, port.size * port.channels)
        found.places = places  # the source reads them as long as it runs
        return found


def _address(array):
    return None if array is None else array.ctypes.data


@lru_cache(maxsize=1024)
def _places(port, channels, by_symmetry):
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


def _symmetries(degrees):
    """For every component a number of three bits: whether it changes its sign with x, y and z."""
    point = np.array([0.48, 0.6, 0.64])
    images = np.concatenate([point[None], point * (1 - 2 * np.eye(3))])
    values = real_harmonics(degrees, images)
    return (values[:, 1:] * values[:, :1] < 0) @ np.array([1, 2, 4])


@lru_cache(maxsize=1024)
def _points(first, second, third, exact, dtype):
    """Where each symmetry ends, number of points, None, and the harmonics of the slots at every point."""
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
    every = np.concatenate(harmonics).T.astype(TYPES[dtype][1], order="C")
    return np.concatenate(ends).astype(np.int32), len(every), None, every


@lru_cache(maxsize=1024)
def _terms(first, second, third, odd, dtype):
    """Pairs (i, j, terms of the pair) of components, their number, k of every term, and its coefficient."""
    size = sum(2 * degree + 1 for degree in second[0])
    found = table(first, second, third, odd)
    pair, target = np.nonzero(found)
    kept, counts = np.unique(pair, return_counts=True)
    pairs = np.stack([kept // size, kept % size, counts], axis=1).astype(np.int32)
    return pairs, len(pairs), target.astype(np.int32), found[pair, target].astype(TYPES[dtype][1])


def compiler() -> str | None:
    """Path of a C compiler: the one that CC names, or cc, gcc, clang."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)


@lru_cache(maxsize=2)
def _library(dtype):
    """The compiled source for one floating-point type."""
    found = compiler()
    if found is None:
        raise RuntimeError("method='compiled' needs a C compiler: cc, gcc or clang, or the one that CC names")
    source = files("groundstate.gaunt.kernels") / "compiled.c"
    with as_file(source) as path, tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "contract.so"
        command = [found, "-O3", "-march=native", "-ffp-contract=fast", "-shared", "-fPIC"]
        command += [f"-DREAL={TYPES[dtype][0]}", str(path), "-o", str(target)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"method='compiled': {found} failed:\n{done.stderr.strip()}")
        library = ctypes.CDLL(str(target))
    whole, pointer = ctypes.c_int64, ctypes.c_void_p
    library.contract.argtypes = [pointer] * 4 + [whole] + [pointer] * 2 + [whole] * 4
    return library


def _spread_over_threads(work, tiles, unit):
    """Call work(first, last) for as many parts as torch has threads, each a multiple of `unit` tiles."""
    if not tiles:
        return
    threads = min(torch.get_num_threads(), tiles // unit)
    if threads <= 1:
        failed = work(0, tiles)
    else:
        ends = [tiles // unit * part // threads * unit for part in range(threads)] + [tiles]
        with ThreadPoolExecutor(threads) as pool:
            failed = any(pool.map(work, ends, ends[1:]))
    if failed:
        raise MemoryError("no memory for a tile of the compiled product")
