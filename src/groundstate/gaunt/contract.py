"""Contraction of two signals into a third with the Gaunt (even) or the bracket (odd) coupling.

The contraction is the derivative of a trilinear form that is symmetric (even) or cyclic (odd) in its three
slots, so
its gradients are contractions of the same kind: for z = T(x, y) and a gradient g of z, the gradient of x is
T(y, g)
and that of y is T(g, x). Only x and y are kept for the backward pass; values on the points are recomputed
there.
"""

from collections.abc import Callable
from functools import reduce
from typing import NamedTuple

import torch

from groundstate.gaunt.kernels import compiled, full, halves, rules, terms
from groundstate.gaunt.tables import Degrees
from groundstate.gaunt.transforms import constant


class Port(NamedTuple):
    """How one operand is stored: a row of the batch holds `degrees` x `channels` numbers.

    Stored as (components, channels), e3nn's `ir_mul`; with `interleaved`, degree by degree as (channels,
    2l+1), e3nn's `mul_ir`. Degree k is multiplied by `scales[k]`.
    """

    degrees: Degrees
    channels: int
    interleaved: bool = False
    scales: tuple[float, ...] | None = None

    @property
    def size(self) -> int:
        return sum(2 * degree + 1 for degree in self.degrees)


class Contraction(NamedTuple):
    """Three operands of a trilinear form: two that come in and one that goes out."""

    first: Port
    second: Port
    third: Port
    odd: bool = False

    @property
    def exact(self) -> int:
        """Polynomial degree that the quadrature must integrate."""
        return sum(max(port.degrees) for port in self[:3])

    @property
    def channels(self) -> int:
        return max(port.channels for port in self[:3])

    def rotated(self) -> "Contraction":
        """The same form with the slots moved on: (second, third) -> first."""
        return Contraction(self.second, self.third, self.first, self.odd)


class _Contract(torch.autograd.Function):
    @staticmethod
    def forward(x, y, form, kernel):
        return kernel.run(form, [(x, form.first), (y, form.second)], [(0, 1, form.third)])[0]

    @staticmethod
    def setup_context(ctx, inputs, output):
        x, y, ctx.form, ctx.kernel = inputs
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)

    @staticmethod
    def backward(ctx, g):
        x, y = ctx.saved_tensors
        form, kernel = ctx.form, ctx.kernel
        for_x, for_y = ctx.needs_input_grad[:2]
        if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active():
            gx = _Contract.apply(y, g.contiguous(), form.rotated(), kernel) if for_x else None
            gy = _Contract.apply(g.contiguous(), x, form.rotated().rotated(), kernel) if for_y else None
            return gx, gy, None, None
        wanted = ([(1, 2, form.first)] if for_x else []) + ([(2, 0, form.second)] if for_y else [])
        operands = [(x, form.first), (y, form.second), (g.contiguous(), form.third)]
        found = kernel.run(form, operands, wanted)
        return found[0] if for_x else None, found[-1] if for_y else None, None, None

    @staticmethod
    def jvp(ctx, dx, dy, *_):
        x, y = ctx.saved_tensors
        parts = [(dx, y)] if dx is not None else []
        parts += [(x, dy)] if dy is not None else []
        return sum(_Contract.apply(a.contiguous(), b.contiguous(), ctx.form, ctx.kernel) for a, b in parts)

    @staticmethod
    def vmap(info, in_dims, x, y, form, kernel):
        rows = []
        for operand, dim in ((x, in_dims[0]), (y, in_dims[1])):
            moved = (
                operand.expand(info.batch_size, *operand.shape) if dim is None else operand.movedim(dim, 0)
            )
            rows.append(moved.flatten(0, 1).contiguous())
        return _Contract.apply(*rows, form, kernel).unflatten(0, (info.batch_size, -1)), 0


def contract(x: torch.Tensor, y: torch.Tensor, form: Contraction, method: str = "auto") -> torch.Tensor:
    """Contract x (batch, first) with y (batch, second) into (batch, third); `method` is "auto", "grid",
    "dense" or "compiled"."""
    if method == "dense":
        kernel = "dense"
    elif torch.compiler.is_compiling():
        kernel = "plain"  # a compiler fuses and recomputes by itself; blocks would only unroll
    elif method == "compiled":
        kernel = "compiled"
    else:
        kernel = rules.kernel(form.exact, x.shape[0], form.channels, method)
        if kernel == "terms" and x.device.type != "cpu":
            kernel = "full"  # elsewhere every operation costs a launch
    if kernel in ("dense", "plain"):
        core = _dense if kernel == "dense" else _plain
        return in_working_precision(lambda a, b: _composed(a, b, form, core), x, y)
    run = {"terms": terms, "full": full, "halves": halves, "compiled": compiled}[kernel]
    return in_working_precision(lambda a, b: _Contract.apply(a.contiguous(), b.contiguous(), form, run), x, y)


def in_working_precision(function: Callable[..., torch.Tensor], *operands: torch.Tensor) -> torch.Tensor:
    """Apply `function` outside autocast, half precision computed in float32 and returned as it came."""
    kind = reduce(torch.promote_types, [operand.dtype for operand in operands])
    if not kind.is_floating_point:
        raise TypeError(f"signals must be real floating-point tensors, got {kind}")
    work = torch.float32 if kind in (torch.float16, torch.bfloat16) else kind
    operands = [operand.to(work) for operand in operands]
    device = operands[0].device.type
    if torch.amp.is_autocast_available(device) and torch.is_autocast_enabled(device):
        with torch.autocast(device, enabled=False):
            return function(*operands).to(kind)
    return function(*operands).to(kind)


def _composed(x, y, form, core):
    """Plain differentiable operations on (batch, components, channels)."""
    z = core(to_dense(x, form.first), to_dense(y, form.second), form)
    if form.third.channels == 1 and z.shape[-1] > 1:
        z = z.sum(-1, keepdim=True)
    return from_dense(z.expand(-1, -1, form.third.channels), form.third)


def to_dense(flat: torch.Tensor, port: Port) -> torch.Tensor:
    """(batch, components, channels) of a flat operand."""
    if port.interleaved:
        flat = flat.index_select(1, constant("interleaved", (port.degrees, port.channels), None, flat.device))
    return flat.reshape(flat.shape[0], port.size, port.channels)


def from_dense(dense: torch.Tensor, port: Port) -> torch.Tensor:
    """Inverse of `to_dense`."""
    flat = dense.reshape(dense.shape[0], port.size * port.channels)
    if port.interleaved:
        flat = flat.index_select(
            1, constant("deinterleaved", (port.degrees, port.channels), None, flat.device)
        )
    return flat


def _dense(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    key = (*((port.degrees, port.scales) for port in form[:3]), form.odd)
    table = constant("table", key, x.dtype, x.device)
    pairs = (x.unsqueeze(2) * y.unsqueeze(1)).flatten(1, 2)
    return table.t() @ pairs


def _plain(x: torch.Tensor, y: torch.Tensor, form: Contraction) -> torch.Tensor:
    def matrix(port: Port, gradient: bool) -> torch.Tensor:
        return constant("full", (port.degrees, port.scales, form.exact, gradient), x.dtype, x.device)

    u = matrix(form.first, form.odd).t() @ x
    v = matrix(form.second, form.odd).t() @ y
    if form.odd:
        (u1, u2), (v1, v2) = u.chunk(2, dim=1), v.chunk(2, dim=1)
        values = u1 * v2 - u2 * v1
    else:
        values = u * v
    return matrix(form.third, False) @ values
