"""Evaluate products of operands with the kernel that the method and the size ask for."""

from collections.abc import Callable, Sequence

import torch

from groundstate.gaunt.kernels import compiled, full, halves, rules, terms
from groundstate.gaunt.kernels.composed import Core, by_table, composed, on_grid
from groundstate.gaunt.kernels.contraction import Contraction, Operand, Product

Kernel = Callable[[Contraction, Sequence[Operand], Sequence[Product]], list[torch.Tensor]]

CORES: dict[str, Core] = {"dense": by_table, "plain": on_grid}
BLOCKED: dict[str, Kernel] = {
    "terms": terms.run,
    "full": full.run,
    "halves": halves.run,
    "compiled": compiled.run,
}


def kernel_name(form: Contraction, rows: int, device: torch.device, method: str) -> str:
    """Return the name of the kernel, one of `CORES` or `BLOCKED`, for a batch of `rows` on a device."""
    if method in ("dense", "compiled"):
        return method
    name = rules.kernel(form.exact, rows, form.channels, method)
    if device.type != "cpu" and name in ("terms", "compiled"):
        return "full"  # elsewhere every operation costs a launch
    return name


def evaluate(
    form: Contraction, operands: Sequence[Operand], products: Sequence[Product], method: str
) -> list[torch.Tensor]:
    """Return the tensor of each product (i, j, port), the contraction of operands i and j, without gradients.

    Every result is new memory.
    """
    name = kernel_name(form, operands[0][0].shape[0], operands[0][0].device, method)
    if name in BLOCKED:
        return BLOCKED[name](form, operands, products)
    results = []
    for i, j, port in products:
        (x, first), (y, second) = operands[i], operands[j]
        results.append(composed(x, y, Contraction(first, second, port, form.odd), CORES[name]))
    return results
