"""The contraction as a differentiable function, by the name of its kernel.

Only the two operands are kept for the backward pass; values on the points are recomputed there.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

import torch
from torch._functorch.autograd_function import VmapInfo

from groundstate.gaunt.basis.forms import Contraction, Operand, Product
from groundstate.gaunt.contraction.composed import Core, by_table, composed, on_grid
from groundstate.gaunt.contraction.context import Context
from groundstate.gaunt.kernels import compiled, full, halves, terms

Kernel = Callable[[Contraction, Sequence[Operand], Sequence[Product]], list[torch.Tensor]]

CORES: dict[str, Core] = {"dense": by_table, "plain": on_grid}
BLOCKED: dict[str, Kernel] = {
    "terms": terms.run,
    "full": full.run,
    "halves": halves.run,
    "compiled": compiled.run,
}


class _FunctionContext(Context, Protocol):
    form: Contraction
    kernel: Kernel


class _Contract(torch.autograd.Function):
    """A blocked kernel; closed under differentiation (`Contraction`)."""

    @staticmethod
    def forward(x: torch.Tensor, y: torch.Tensor, form: Contraction, kernel: Kernel) -> torch.Tensor:
        return kernel(form, [(x, form.first), (y, form.second)], [(0, 1, form.third)])[0]

    @staticmethod
    def setup_context(ctx: _FunctionContext, inputs: tuple, output: torch.Tensor) -> None:
        x, y, ctx.form, ctx.kernel = inputs
        ctx.save_for_backward(x, y)
        ctx.save_for_forward(x, y)

    @staticmethod
    def backward(
        ctx: _FunctionContext, g: torch.Tensor
    ) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
        x, y = ctx.saved_tensors
        form, kernel = ctx.form, ctx.kernel
        for_x, for_y = ctx.needs_input_grad[:2]
        g = g.contiguous()
        if torch.is_grad_enabled() or torch._C._are_functorch_transforms_active() or batched(g):
            gx = contracted_by(y, g, form.rotated(), kernel) if for_x else None
            gy = contracted_by(g, x, form.rotated().rotated(), kernel) if for_y else None
            return gx, gy, None, None
        products = ([(1, 2, form.first)] if for_x else []) + ([(2, 0, form.second)] if for_y else [])
        results = kernel(form, [(x, form.first), (y, form.second), (g, form.third)], products)
        return results[0] if for_x else None, results[-1] if for_y else None, None, None

    @staticmethod
    def jvp(
        ctx: _FunctionContext, dx: torch.Tensor | None, dy: torch.Tensor | None, *_: None
    ) -> torch.Tensor:
        x, y = ctx.saved_tensors
        changes = [(dx, y)] if dx is not None else []
        changes += [(x, dy)] if dy is not None else []
        parts = [contracted_by(a.contiguous(), b.contiguous(), ctx.form, ctx.kernel) for a, b in changes]
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


def contracted_by(x: torch.Tensor, y: torch.Tensor, form: Contraction, kernel: Kernel) -> torch.Tensor:
    """Contract flat operands with a blocked kernel, or with plain operations under the older vmap."""
    if batched(x, y):
        return composed(x, y, form, on_grid)
    return _Contract.apply(x.contiguous(), y.contiguous(), form, kernel)


def contracted(x: torch.Tensor, y: torch.Tensor, form: Contraction, name: str) -> torch.Tensor:
    """Contract flat operands with the kernel of a name, one of `CORES` or `BLOCKED`."""
    if name in CORES:
        return composed(x, y, form, CORES[name])
    return contracted_by(x, y, form, BLOCKED[name])
