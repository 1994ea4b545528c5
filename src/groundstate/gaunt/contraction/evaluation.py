"""Evaluate products of operands with the kernel that the method and the size ask for."""

from collections.abc import Sequence

import torch

from groundstate.gaunt.basis.forms import Contraction, Operand, Product
from groundstate.gaunt.contraction import fastest, rules
from groundstate.gaunt.contraction.composed import composed
from groundstate.gaunt.contraction.function import BLOCKED, CORES
from groundstate.gaunt.kernels import library


def kernel_name(form: Contraction, rows: int, device: torch.device, method: str) -> str:
    """Return the name of the kernel, one of `CORES` or `BLOCKED`, for a batch of `rows` on a device."""
    if method in ("dense", "compiled"):
        return method
    if device.type != "cpu":
        name = rules.kernel(form.exact, rows, form.channels, "auto" if method == "fastest" else method)
        return "full" if name == "terms" else name  # elsewhere every operation costs a launch
    if method == "fastest":
        return fastest.kernel(form.exact, rows, form.channels)
    name = rules.kernel(form.exact, rows, form.channels, method)
    return "compiled" if method == "auto" and name in BLOCKED and library.usable() else name


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
