"""Contraction of two signals into a third with the Gaunt (even) or the bracket (odd) coupling."""

import torch

from groundstate.gaunt.basis.forms import Contraction, contraction_text
from groundstate.gaunt.contraction import rules
from groundstate.gaunt.contraction.composed import by_table, composed, on_grid
from groundstate.gaunt.contraction.evaluation import kernel_name
from groundstate.gaunt.contraction.function import CORES, contracted
from groundstate.gaunt.contraction.opaque import contract_operation
from groundstate.gaunt.contraction.traced import by_terms, fusable
from groundstate.gaunt.precision import in_working_precision


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
        return in_working_precision(lambda a, b: _in_graph(a, b, form, method), x, y)
    name = kernel_name(form, x.shape[0], x.device, method)
    return in_working_precision(lambda a, b: contracted(a, b, form, name), x, y)


@torch.compiler.assume_constant_result
def _shipped_rule(exact: int, rows: int, channels: int, method: str) -> str:
    return rules.kernel(exact, rows, channels, method)


def _in_graph(x: torch.Tensor, y: torch.Tensor, form: Contraction, method: str) -> torch.Tensor:
    """Contract inside a region that is compiled or exported."""
    if method == "dense":
        return composed(x, y, form, by_table)
    if fusable(form):
        return by_terms(x, y, form)
    if torch.compiler.is_exporting() or torch._C._are_functorch_transforms_active():
        return composed(x, y, form, on_grid)
    if isinstance(x.shape[0], int) and method in ("auto", "grid"):
        name = _shipped_rule(form.exact, x.shape[0], form.channels, method)
        if name in CORES:  # for a few rows an operation of our own costs more than it saves
            return composed(x, y, form, CORES[name])
    return contract_operation(x, y, contraction_text(form), method)
