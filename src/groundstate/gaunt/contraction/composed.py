"""A contraction composed of plain differentiable operations on (batch, components, channels).

Slower than the blocked kernels for many rows, but any transform, compiler or exporter can take it apart.
"""

from collections.abc import Callable

import torch

from groundstate.gaunt.basis.constants import constant
from groundstate.gaunt.basis.forms import (
    Contraction,
    Port,
    deinterleaved_order,
    interleaved_order,
)
from groundstate.gaunt.basis.transforms import coupling_matrix, full_matrix

Core = Callable[[torch.Tensor, torch.Tensor, Contraction], torch.Tensor]


def composed(x: torch.Tensor, y: torch.Tensor, form: Contraction, core: Core) -> torch.Tensor:
    """Contract flat operands (batch, components x channels) with `by_table` or `on_grid` as the core."""
    z = core(to_dense(x, form.first), to_dense(y, form.second), form)
    if form.third.channels == 1 and z.shape[-1] > 1:
        z = z.sum(-1, keepdim=True)
    return from_dense(z.expand(-1, -1, form.third.channels), form.third)


def to_dense(flat: torch.Tensor, port: Port) -> torch.Tensor:
    """Return a flat operand as (batch, components, channels)."""
    if port.interleaved:
        order = constant(interleaved_order, (port.degrees, port.channels), None, flat.device)
        flat = flat.index_select(1, order)
    return flat.reshape(flat.shape[0], port.size, port.channels)


def from_dense(dense: torch.Tensor, port: Port) -> torch.Tensor:
    """Return (batch, components, channels) as a flat operand: the inverse of `to_dense`."""
    flat = dense.reshape(dense.shape[0], port.size * port.channels)
    if port.interleaved:
        order = constant(deinterleaved_order, (port.degrees, port.channels), None, flat.device)
        flat = flat.index_select(1, order)
    return flat


def by_table(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    """Contract dense operands (batch, components, channels) with the coupling table."""
    slots = tuple((port.degrees, port.scales) for port in form[:3])
    table = constant(coupling_matrix, (*slots, form.odd), x.dtype, x.device)
    pairs = (x.unsqueeze(2) * y.unsqueeze(1)).flatten(1, 2)
    return table.t() @ pairs


def on_grid(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    """Contract dense operands (batch, components, channels) on the points of the whole grid."""

    def matrix(port: Port, gradient: bool) -> torch.Tensor:
        return constant(full_matrix, (port.degrees, port.scales, form.exact, gradient), x.dtype, x.device)

    u = matrix(form.first, form.odd).t() @ x
    v = matrix(form.second, form.odd).t() @ y
    if form.odd:
        (u1, u2), (v1, v2) = u.chunk(2, dim=1), v.chunk(2, dim=1)
        values = u1 * v2 - u2 * v1
    else:
        values = u * v
    return matrix(form.third, False) @ values
