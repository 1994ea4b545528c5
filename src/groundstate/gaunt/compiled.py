"""Kernel in C, compiled on first use: one pass over the non-zero coefficients of the coupling table.

The numbers of terms grow like L^5, points times components of a grid like L^4; but a term costs one fused
multiply-add on data in registers, and the layouts are converted on the way. The source is `compiled.c`.
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

from groundstate.gaunt.transforms import table

LANES = 64  # as in the source
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
    results = []
    for i, j, port in wanted:
        shared = port.channels < channels
        make = like.new_zeros if shared else like.new_empty
        z = make(batch, port.size * port.channels)
        slots = (operands[i][1], operands[j][1], port)
        described = [
            _Operand(tensor.data_ptr(), *_places(slot, channels))
            for tensor, slot in zip((operands[i][0], operands[j][0], z), slots, strict=True)
        ]
        keys = [(slot.degrees, slot.scales) for slot in slots]
        pairs, targets, factors = _terms(*keys, form.odd, like.dtype)

        def work(first, last, described=described, pairs=pairs, targets=targets, factors=factors):
            lists = (pairs.ctypes.data, len(pairs), targets.ctypes.data, factors.ctypes.data)
            return library.contract(*map(ctypes.byref, described), *lists, rows, columns, first, last)

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


def _places(port, channels):
    offset, stride = _addresses(port, channels)
    return offset.ctypes.data, stride.ctypes.data, port.size, port.size * port.channels


@lru_cache(maxsize=1024)
def _addresses(port, channels):
    """Offset of every component in a row, and the distance of its channels."""
    if channels == 1:  # the rows of the batch are the channels
        return np.arange(port.size), np.full(port.size, port.size)
    if port.channels == 1:
        return np.arange(port.size), np.zeros(port.size, dtype=np.int64)
    if not port.interleaved:
        return np.arange(port.size) * port.channels, np.ones(port.size, dtype=np.int64)
    widths = 2 * np.array(port.degrees) + 1
    starts = (np.cumsum(widths) - widths) * port.channels
    offset = np.concatenate([start + np.arange(width) for start, width in zip(starts, widths, strict=True)])
    return offset, np.repeat(widths, widths)


@lru_cache(maxsize=1024)
def _terms(first, second, third, odd, dtype):
    """Non-zero coefficients, sorted by pairs (i, j): (i, j, terms of the pair), k of every term, its factor.

    Pairs with as many terms follow each other: the length of the inner loop can be predicted.
    """
    size = sum(2 * degree + 1 for degree in second[0])
    found = table(first, second, third, odd)
    pair, target = np.nonzero(found)
    count = np.count_nonzero(found, axis=1)
    order = np.lexsort((target, pair, count[pair]))
    pair, target = pair[order], target[order]
    kept = np.flatnonzero(count)
    kept = kept[np.argsort(count[kept], kind="stable")]
    pairs = np.stack([kept // size, kept % size, count[kept]], axis=1).astype(np.int32)
    return pairs, target.astype(np.int32), found[pair, target].astype(TYPES[dtype][1])


def compiler() -> str | None:
    """Path of a C compiler: the one that CC names, or cc, gcc, clang."""
    return next(filter(None, map(shutil.which, (os.environ.get("CC", "cc"), "gcc", "clang"))), None)


@lru_cache(maxsize=2)
def _library(dtype):
    """The compiled source for one floating-point type."""
    found = compiler()
    if found is None:
        raise RuntimeError("method='compiled' needs a C compiler: cc, gcc or clang, or the one that CC names")
    source = files("groundstate.gaunt") / "compiled.c"
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
