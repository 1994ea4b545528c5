"""Message sum on the grid: node values times edge filters, added up at the receiving nodes.

For node values g (nodes, points, channels), filters f (edges, points, degrees) and weights w (edges, degrees,
channels) the result is S[n] = sum over the edges e into n of g[source(e)] * (f[e] w[e]). Edges are taken in
blocks that stay in cache; the filter values of all channels of all edges never exist at once.
"""

from typing import NamedTuple, Protocol

import torch
from torch._functorch.autograd_function import VmapInfo

from groundstate.gaunt.contraction.context import Context
from groundstate.gaunt.contraction.function import batched

BLOCK_BYTES = 512 * 1024
Gradients = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class _Ends(NamedTuple):
    """Both ends of every edge, (edges,), and how many nodes receive."""

    sources: torch.Tensor
    targets: torch.Tensor
    receivers: int


def _blocks(g: torch.Tensor, f: torch.Tensor, traced: bool) -> list[slice]:
    if traced or g.device.type != "cpu" or not f.shape[0]:
        return [slice(None)]
    row = g.shape[1] * g.shape[2] * g.element_size()
    step = max(1, BLOCK_BYTES * torch.get_num_threads() // row)
    return [slice(start, start + step) for start in range(0, f.shape[0], step)]


def _sums(g: torch.Tensor, f: torch.Tensor, w: torch.Tensor, ends: _Ends, traced: bool) -> torch.Tensor:
    """Sum the messages; ``traced`` means that derivatives or transforms follow, so nothing is overwritten."""
    multiply = torch.Tensor.mul if traced else torch.Tensor.mul_
    total = None
    for block in _blocks(g, f, traced):
        messages = multiply(torch.matmul(f[block], w[block]), g.index_select(0, ends.sources[block]))
        if total is None:
            total = messages.new_zeros(ends.receivers, *messages.shape[1:])
        total = total.index_add_(0, ends.targets[block], messages)
    assert total is not None
    return total


def _gradients(
    g: torch.Tensor, f: torch.Tensor, w: torch.Tensor, ends: _Ends, h: torch.Tensor, traced: bool
) -> Gradients:
    multiply = torch.Tensor.mul if traced else torch.Tensor.mul_
    gg, gf, gw = None, torch.empty_like(f), torch.empty_like(w)
    for block in _blocks(g, f, traced):
        received = h.index_select(0, ends.targets[block])
        outer = multiply(g.index_select(0, ends.sources[block]), received)
        if traced:
            gf, gw = outer @ w.transpose(-1, -2), f.transpose(-1, -2) @ outer
        else:
            torch.bmm(outer, w[block].transpose(1, 2), out=gf[block])
            torch.bmm(f[block].transpose(1, 2), outer, out=gw[block])
        messages = multiply(torch.matmul(f[block], w[block]), received)
        gg = messages.new_zeros(g.shape) if gg is None else gg
        gg = gg.index_add_(0, ends.sources[block], messages)
    assert gg is not None
    return gg, gf, gw


class _MessageContext(Context, Protocol):
    count: int


class _MessageSum(torch.autograd.Function):
    @staticmethod
    def forward(
        g: torch.Tensor,
        f: torch.Tensor,
        w: torch.Tensor,
        sources: torch.Tensor,
        targets: torch.Tensor,
        count: int,
    ) -> torch.Tensor:
        return _sums(g, f, w, _Ends(sources, targets, count), False)

    @staticmethod
    def setup_context(ctx: _MessageContext, inputs: tuple, output: torch.Tensor) -> None:
        *tensors, ctx.count = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: _MessageContext, h: torch.Tensor) -> tuple:
        g, f, w, sources, targets = ctx.saved_tensors
        traced = torch.is_grad_enabled() or torch._C._are_functorch_transforms_active() or batched(h)
        return *_gradients(g, f, w, _Ends(sources, targets, ctx.count), h, traced), None, None, None

    @staticmethod
    def jvp(
        ctx: _MessageContext,
        dg: torch.Tensor | None,
        df: torch.Tensor | None,
        dw: torch.Tensor | None,
        *_: None,
    ) -> torch.Tensor:
        g, f, w, sources, targets = ctx.saved_tensors
        changes = [(dg, f, w)] if dg is not None else []
        changes += [(g, df, w)] if df is not None else []
        changes += [(g, f, dw)] if dw is not None else []
        ends = _Ends(sources, targets, ctx.count)
        totals = [_sums(*change, ends, True) for change in changes]
        return torch.stack(totals).sum(0)

    @staticmethod
    def vmap(
        info: VmapInfo,
        in_dims: tuple[int | None, ...],
        g: torch.Tensor,
        f: torch.Tensor,
        w: torch.Tensor,
        sources: torch.Tensor,
        targets: torch.Tensor,
        count: int,
    ) -> tuple[torch.Tensor, int]:
        """Put the graphs of the batch side by side as one graph."""
        size = info.batch_size

        def whole(value: torch.Tensor, dim: int | None) -> torch.Tensor:
            return value.expand(size, *value.shape) if dim is None else value.movedim(dim, 0)

        operands = [whole(value, dim) for value, dim in zip((g, f, w), in_dims[:3], strict=True)]
        place = torch.arange(size, device=g.device)[:, None]
        ends = [
            (whole(index, dim) + place * nodes).flatten()
            for index, dim, nodes in zip(
                (sources, targets), in_dims[3:5], (operands[0].shape[1], count), strict=True
            )
        ]
        flat = [operand.flatten(0, 1).contiguous() for operand in operands]
        return _MessageSum.apply(*flat, *ends, size * count).unflatten(0, (size, count)), 0


def message_sum(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
    count: int,
) -> torch.Tensor:
    """Return S[n] = sum over the edges into n of g[source] * (f w), shape (count, points, channels).

    Parameters
    ----------
    g
        Node values (nodes, points, channels).
    f
        Filters (edges, points, degrees).
    w
        Weights (edges, degrees, channels).
    sources, targets
        Node index at both ends of every edge, (edges,).
    count
        Number of receiving nodes.
    """
    if torch.compiler.is_compiling() or batched(g, f, w):
        return _sums(g, f, w, _Ends(sources, targets, count), True)
    return _MessageSum.apply(g.contiguous(), f.contiguous(), w.contiguous(), sources, targets, count)
