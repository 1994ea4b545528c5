"""Contraction of two signals into a third with the Gaunt (even) or the bracket (odd) coupling.

Only the two operands are kept for the backward pass; values on the points are recomputed there.
"""

from typing import Protocol

import torch
from torch._functorch.autograd_function import VmapInfo

from groundstate.gaunt.kernels.composed import by_table, composed, on_grid
from groundstate.gaunt.kernels.context import Context
from groundstate.gaunt.kernels.contraction import Contraction, contraction_text
from groundstate.gaunt.kernels.evaluation import BLOCKED, CORES, Kernel, kernel_name
from groundstate.gaunt.kernels.opaque import contract_operation
from groundstate.gaunt.precision import in_working_precision


class _ContractContext(Context, Protocol):
    form: Contraction
    kernel: Kernel


class _Contract(torch.autograd.Function):
    """A blocked kernel; closed under differentiation (`Contraction`)."""

    @staticmethod
    def forward(x: torch.Tensor, y: torch.Tensor, form: Contraction, kernel: Kernel) -> torch.Tensor:
        return kernel(form, [(x, form.first), (y, form.second)], [(0, 1, form.third)])[0]

    @staticmethod
    def setup_context(ctx: _ContractContext, inputs: tuple, output: torch.Tensor) -> None:
        x, y, ctx.form, ctx.kernel = inputs
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)

    @staticmethod
    def backward(
        ctx: _ContractContext, g: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        x, y = ctx.saved_tensors
        form, kernel = ctx.form, ctx.kernel
        for_x, for_y = ctx.needs_input_grad[:2]
        g = g.contiguous()
        if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active() or batched(g):
            gx = _contracted(y, g, form.rotated(), kernel) if for_x else None
            gy = _contracted(g, x, form.rotated().rotated(), kernel) if for_y else None
            return gx, gy, None, None
        products = ([(1, 2, form.first)] if for_x else []) + ([(2, 0, form.second)] if for_y else [])
        results = kernel(form, [(x, form.first), (y, form.second), (g, form.third)], products)
        return results[0] if for_x else None, results[-1] if for_y else None, None, None

    @staticmethod
    def jvp(
        ctx: _ContractContext, dx: torch.Tensor | None, dy: torch.Tensor | None, *_: None
    ) -> torch.Tensor:
        x, y = ctx.saved_tensors
        changes = [(dx, y)] if dx is not None else []
        changes += [(x, dy)] if dy is not None else []
        parts = [_contracted(a.contiguous(), b.contiguous(), ctx.form, ctx.kernel) for a, b in changes]
        return parts[0] if len(parts) == 1 else parts[0] + parts[1]

    @staticmethod
    def vmap(
        info: VmapInfo,
        in_dims: tuple[int | None, ...],
        x: torch.Tensor,
        y: torch.Tensor,
        form: Contraction,
        kernel: Kernel,
    ) -> tuple[torch.Tensor, int]:
        flat = []
        for operand, dim in ((x, in_dims[0]), (y, in_dims[1])):
            if dim is None:
                whole = operand.expand(info.batch_size, *operand.shape)
            else:
                whole = operand.movedim(dim, 0)
            rows = whole.shape[1]
            flat.append(whole.flatten(0, 1).contiguous())
        return _Contract.apply(*flat, form, kernel).unflatten(0, (info.batch_size, rows)), 0


def batched(*values: torch.Tensor) -> bool:
    """Whether ``autograd.grad(..., is_grads_batched=True)`` has batched one of the tensors.

    It does so by an older vmap than ``torch.vmap``, which knows no rule for an autograd function.
    """
    return any(torch._C._functorch.is_legacy_batchedtensor(value) for value in values)


def _contracted(x: torch.Tensor, y: torch.Tensor, form: Contraction, kernel: Kernel) -> torch.Tensor:
    if batched(x, y):
        return composed(x, y, form, on_grid)
    return _Contract.apply(x, y, form, kernel)


def contract(x: torch.Tensor, y: torch.Tensor, form: Contraction, method: str = "auto") -> torch.Tensor:
    """Contract x (batch, first) with y (batch, second) into (batch, third).

    Parameters
    ----------
    x, y
        Flat operands, as the ports of `form` describe them.
    form
        The trilinear form.
    method
        "auto", "fastest", "grid", "dense" or "compiled".
    """
    if torch.compiler.is_compiling():
        if method == "dense" or torch.compiler.is_exporting() or torch._C._are_functorch_transforms_active():
            core = by_table if method == "dense" else on_grid
            return in_working_precision(lambda a, b: composed(a, b, form, core), x, y)
        text = contraction_text(form)
        return in_working_precision(lambda a, b: contract_operation(a, b, text, method), x, y)
    name = kernel_name(form, x.shape[0], x.device, method)
    if name in CORES:
        return in_working_precision(lambda a, b: composed(a, b, form, CORES[name]), x, y)
    kernel = BLOCKED[name]
    return in_working_precision(lambda a, b: _contracted(a.contiguous(), b.contiguous(), form, kernel), x, y)
