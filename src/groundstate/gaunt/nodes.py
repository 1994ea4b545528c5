"""Message sum on the grid: node values times edge filters, added up at the receiving nodes.

For node values g (nodes, points, channels), filters f (edges, points, degrees) and weights w (edges, degrees,
channels) the result is S[n] = sum over edges e into n of g[source(e)] * (f[e] w[e]). Edges are taken in
blocks that
stay in cache; the filter values of all channels of all edges never exist at once.
"""

import torch

BLOCK_BYTES = 512 * 1024


def _plain(g, f, w, sources, targets, count):
    messages = g.index_select(0, sources) * (f @ w)
    return messages.new_zeros(count, *messages.shape[1:]).index_add(0, targets, messages)


def _blocks(g, f, w):
    row = g.shape[1] * g.shape[2] * g.element_size()
    step = (
        max(1, BLOCK_BYTES * torch.get_num_threads() // row) if g.device.type == "cpu" else max(1, f.shape[0])
    )
    return [slice(start, start + step) for start in range(0, f.shape[0], step)]


class _MessageSum(torch.autograd.Function):
    @staticmethod
    def forward(ctx, g, f, w, sources, targets, count):
        ctx.save_for_backward(g, f, w, sources, targets)
        ctx.count = count
        total = g.new_zeros(count, *g.shape[1:])
        for block in _blocks(g, f, w):
            messages = torch.bmm(f[block], w[block]).mul_(g.index_select(0, sources[block]))
            total.index_add_(0, targets[block], messages)
        return total

    @staticmethod
    def backward(ctx, h):
        g, f, w, sources, targets = ctx.saved_tensors
        if torch.is_grad_enabled():
            filters = f @ w
            received, sent = h.index_select(0, targets), g.index_select(0, sources)
            gg = torch.zeros_like(g).index_add(0, sources, received * filters)
            outer = received * sent
            return gg, outer @ w.transpose(1, 2), f.transpose(1, 2) @ outer, None, None, None
        gg, gf, gw = torch.zeros_like(g), torch.empty_like(f), torch.empty_like(w)
        for block in _blocks(g, f, w):
            received = h.index_select(0, targets[block])
            outer = g.index_select(0, sources[block]).mul_(received)
            torch.bmm(outer, w[block].transpose(1, 2), out=gf[block])
            torch.bmm(f[block].transpose(1, 2), outer, out=gw[block])
            gg.index_add_(0, sources[block], torch.bmm(f[block], w[block]).mul_(received))
        return gg, gf, gw, None, None, None


def message_sum(
    g: torch.Tensor,
    f: torch.Tensor,
    w: torch.Tensor,
    sources: torch.Tensor,
    targets: torch.Tensor,
    count: int,
) -> torch.Tensor:
    """S[n] = sum over edges into n of g[source] * (f w), shape (count, points, channels)."""
    if torch.compiler.is_compiling():
        return _plain(g, f, w, sources, targets, count)
    return _MessageSum.apply(g.contiguous(), f.contiguous(), w.contiguous(), sources, targets, count)
