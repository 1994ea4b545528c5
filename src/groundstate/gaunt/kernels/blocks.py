"""Read and write blocks of the batch as (rows, components, channels), whatever the layout of the operand."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import Port, deinterleaved_order, interleaved_order


def block_length(batch: int, row_bytes: int, device: torch.device, most_bytes: int) -> int:
    """Return the rows of a block: what fits the cache on a CPU, in equal blocks; all rows on other devices.

    Parameters
    ----------
    batch
        Number of rows.
    row_bytes
        Memory that a row takes while it is worked on.
    device
        Where the tensors lie.
    most_bytes
        Memory that a block may take for each thread of torch.
    """
    if device.type != "cpu":
        return max(1, batch)
    most = max(1, most_bytes * torch.get_num_threads() // row_bytes)
    blocks = max(1, -(-batch // most))
    return max(1, -(-batch // blocks))


def loaders(tensor: torch.Tensor, port: Port, step: int) -> Iterator[torch.Tensor]:
    """Yield the blocks (rows, components, channels) of a flat operand; one buffer serves all blocks."""
    shape = (-1, port.size, port.channels)
    if not port.interleaved:
        yield from tensor.view(shape).split(step)
        return
    order = constant(interleaved_order, (port.degrees, port.channels), None, tensor.device)
    buffer = tensor.new_empty(step, tensor.shape[1])
    for block in tensor.split(step):
        space = buffer[: block.shape[0]]
        torch.index_select(block, 1, order, out=space)
        yield space.view(shape)


class Storer:
    """Write the blocks of a result one after the other: the counterpart of `loaders`.

    Parameters
    ----------
    tensor
        The flat result, to be filled.
    port
        How it is stored.
    step
        Rows of a block; the last may be shorter.
    """

    def __init__(self, tensor: torch.Tensor, port: Port, step: int) -> None:
        self.shape = (-1, port.size, port.channels)
        self.interleaved = port.interleaved
        self.blocks = iter(tensor.split(step))
        if port.interleaved:
            self.buffer = tensor.new_empty(step, tensor.shape[1])
            self.order = constant(deinterleaved_order, (port.degrees, port.channels), None, tensor.device)

    @contextmanager
    def block(self, size: int) -> Iterator[torch.Tensor]:
        """Give the next block (size, components, channels) to be filled; it is stored on leaving."""
        target = next(self.blocks)
        if not self.interleaved:
            yield target.view(self.shape)
            return
        space = self.buffer[:size]
        yield space.view(self.shape)
        torch.index_select(space, 1, self.order, out=target)
