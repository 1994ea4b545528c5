"""The contraction as operations that ``torch.compile`` calls and does not look into.

The blocked kernels are faster than what a compiler makes of the grid's five operations. The operations return
new memory only, and each is the derivative of the other, so a compiled region may differentiate any number of
times. Exported programs do not contain them: they must run where this package is not.
"""

from typing import Protocol

import torch

from groundstate.gaunt.basis.forms import Contraction, contraction_of, contraction_text
from groundstate.gaunt.contraction.context import Context
from groundstate.gaunt.contraction.evaluation import evaluate


class _OperationContext(Context, Protocol):
    form: str
    method: str


@torch.library.custom_op("groundstate::gaunt_contract", mutates_args=())
def contract_operation(x: torch.Tensor, y: torch.Tensor, form: str, method: str) -> torch.Tensor:
    """Contract flat operands; `form` is a `contraction_text`."""
    parsed = contraction_of(form)
    operands = [(x.contiguous(), parsed.first), (y.contiguous(), parsed.second)]
    return evaluate(parsed, operands, [(0, 1, parsed.third)], method)[0]


@torch.library.custom_op("groundstate::gaunt_contract_gradients", mutates_args=())
def gradients_operation(
    x: torch.Tensor, y: torch.Tensor, g: torch.Tensor, form: str, method: str
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the gradients of x and of y from the gradient g of their contraction."""
    parsed = contraction_of(form)
    ports = (parsed.first, parsed.second, parsed.third)
    operands = [(value.contiguous(), port) for value, port in zip((x, y, g), ports, strict=True)]
    gx, gy = evaluate(parsed, operands, [(1, 2, parsed.first), (2, 0, parsed.second)], method)
    return gx, gy


@contract_operation.register_fake
def _(x: torch.Tensor, y: torch.Tensor, form: str, method: str) -> torch.Tensor:
    third = contraction_of(form).third
    return x.new_empty(x.shape[0], third.size * third.channels)


@gradients_operation.register_fake
def _(
    x: torch.Tensor, y: torch.Tensor, g: torch.Tensor, form: str, method: str
) -> tuple[torch.Tensor, torch.Tensor]:
    return x.new_empty(x.shape), y.new_empty(y.shape)


def _keep_operands(ctx: _OperationContext, inputs: tuple, output: object) -> None:
    *tensors, ctx.form, ctx.method = inputs
    ctx.save_for_backward(*tensors)


def _contract_backward(
    ctx: _OperationContext, g: torch.Tensor
) -> tuple[torch.Tensor | None, torch.Tensor | None, None, None]:
    x, y = ctx.saved_tensors
    for_x, for_y = ctx.needs_input_grad[:2]
    if for_x and for_y:
        return *gradients_operation(x, y, g, ctx.form, ctx.method), None, None
    form = contraction_of(ctx.form).rotated()
    gx = contract_operation(y, g, contraction_text(form), ctx.method) if for_x else None
    gy = contract_operation(g, x, contraction_text(form.rotated()), ctx.method) if for_y else None
    return gx, gy, None, None


def _gradients_backward(
    ctx: _OperationContext, hx: torch.Tensor, hy: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, None, None]:
    """From the form F: hx . T(y, g) + hy . T(g, x) = F(hx, y, g) + F(x, hy, g)."""
    x, y, g = ctx.saved_tensors
    form = contraction_of(ctx.form)

    def contracted(a: torch.Tensor, b: torch.Tensor, turned: Contraction) -> torch.Tensor:
        return contract_operation(a, b, contraction_text(turned), ctx.method)

    for_x = contracted(hy, g, form.rotated())
    for_y = contracted(g, hx, form.rotated().rotated())
    return for_x, for_y, contracted(hx, y, form) + contracted(x, hy, form), None, None


contract_operation.register_autograd(_contract_backward, setup_context=_keep_operands)
gradients_operation.register_autograd(_gradients_backward, setup_context=_keep_operands)
