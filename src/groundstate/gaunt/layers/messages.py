"""Message sum on the grid: node values times edge filters, added up at the receiving nodes.

For node values g (nodes, points, channels), filters f (edges, points, degrees) and weights w (edges, degrees,
channels) the result is S[n] = sum over the edges e into n of g[source(e)] * (f[e] w[e]). Edges are taken in
blocks that stay in cache; the filter values of all channels of all edges never exist at once.
"""

from typing import Protocol

import torch
from torch._functorch.autograd_function import VmapInfo

from groundstate.gaunt.contraction.context import Context
from groundstate.gaunt.contraction.function import batched

BLOCK_BYTES = 512 * 1024
Gradients = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def _plain(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
    count: int,
) -> torch.Tensor:
    messages = g.index_select(0, sources) * (f @ w)
    return messages.new_zeros(count, *messages.shape[1:]).index_add(0, targets, messages)


def _plain_gradients(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    h: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
) -> Gradients:
    received, sent = h.index_select(0, targets), g.index_select(0, sources)
    outer = received * sent
    messages = received * (f @ w)
    gg = messages.new_zeros(g.shape).index_add(0, sources, messages)
    return gg, outer @ w.transpose(-1, -2), f.transpose(-1, -2) @ outer


def _blocks(g: torch.Tensor, f: torch.Tensor) -> list[slice]:
    row = g.shape[1] * g.shape[2] * g.element_size()
    step = max(1, f.shape[0])
    if g.device.type == "cpu":
        step = max(1, BLOCK_BYTES * torch.get_num_threads() // row)
    return [slice(start, start + step) for start in range(0, f.shape[0], step)]


def _blocked(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
    count: int,
) -> torch.Tensor:
    total = g.new_zeros(count, *g.shape[1:])
    for block in _blocks(g, f):
        messages = torch.bmm(f[block], w[block]).mul_(g.index_select(0, sources[block]))
        total.index_add_(0, targets[block], messages)
    return total


def _blocked_gradients(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    h: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
) -> Gradients:
    gg, gf, gw = torch.zeros_like(g), torch.empty_like(f), torch.empty_like(w)
    for block in _blocks(g, f):
        received = h.index_select(0, targets[block])
        outer = g.index_select(0, sources[block]).mul_(received)
        torch.bmm(outer, w[block].transpose(1, 2), out=gf[block])
        torch.bmm(f[block].transpose(1, 2), outer, out=gw[block])
        gg.index_add_(0, sources[block], torch.bmm(f[block], w[block]).mul_(received))
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
        return _blocked(g, f, w, sources, targets, count)

    @staticmethod
    def setup_context(ctx: _MessageContext, inputs: tuple, output: torch.Tensor) -> None:
        *tensors, ctx.count = inputs
        ctx.save_for_backward(*tensors)
        ctx.save_for_forward(*tensors)

    @staticmethod
    def backward(ctx: _MessageContext, h: torch.Tensor) -> tuple:
        g, f, w, sources, targets = ctx.saved_tensors
        taken_apart = torch.is_grad_enabled() or torch._C._are_functorch_transforms_active() or batched(h)
        gradients = _plain_gradients if taken_apart else _blocked_gradients
        return *gradients(g, f, w, h, sources, targets), None, None, None

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
        total = _plain(*changes[0], sources, targets, ctx.count)
        for change in changes[1:]:
            total = total + _plain(*change, sources, targets, ctx.count)
        return total

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
        return _plain(g, f, w, sources, targets, count)
    return _MessageSum.apply(g.contiguous(), f.contiguous(), w.contiguous(), sources, targets, count)
