"""Reading and writing blocks of the batch as (rows, components, channels), whatever the layout of the
operand."""

from contextlib import contextmanager

import numpy as np
import torch

from groundstate.gaunt.transforms import constant, constant_builder


@constant_builder("interleaved")
def interleaved_order(degrees, channels):
    """Position in a `mul_ir` row of every entry of the same row stored as (components, channels)."""
    start, order = 0, []
    for degree in degrees:
        width = 2 * degree + 1
        order.append(start + np.arange(channels)[None, :] * width + np.arange(width)[:, None])
        start += width * channels
    return np.concatenate(order).ravel()


@constant_builder("deinterleaved")
def _deinterleaved_order(degrees, channels):
    return np.argsort(interleaved_order(degrees, channels))


def block_length(batch: int, row_bytes: int, device: torch.device, most_bytes: int) -> int:
    """Rows per block: what fits the cache on a CPU, in blocks of equal length; everything on other
    devices."""
    if device.type != "cpu":
        return max(1, batch)
    most = max(1, most_bytes * torch.get_num_threads() // row_bytes)
    blocks = max(1, -(-batch // most))
    return max(1, -(-batch // blocks))


def loaders(tensor, port, step):
    """Iterate over blocks (rows, components, channels) of a flat operand; one buffer serves all blocks."""
    shape = (-1, port.size, port.channels)
    if not port.interleaved:
        yield from tensor.view(shape).split(step)
        return
    order = constant("interleaved", (port.degrees, port.channels), None, tensor.device)
    buffer = tensor.new_empty(step, tensor.shape[1])
    for block in tensor.split(step):
        space = buffer[: block.shape[0]]
        torch.index_select(block, 1, order, out=space)
        yield space.view(shape)


def storers(tensor, port, step):
    """The counterpart of `loaders` for a result."""
    return _Store(tensor, port, step)


class _Store:
    def __init__(self, tensor, port, step):
        self.shape = (-1, port.size, port.channels)
        self.interleaved = port.interleaved
        self.blocks = iter(tensor.split(step))
        if port.interleaved:
            self.buffer = tensor.new_empty(step, tensor.shape[1])
            self.order = constant("deinterleaved", (port.degrees, port.channels), None, tensor.device)

    @contextmanager
    def block(self, size):
        target = next(self.blocks)
        if not self.interleaved:
            yield target.view(self.shape)
            return
        space = self.buffer[:size]
        yield space.view(self.shape)
        torch.index_select(space, 1, self.order, out=target)
