"""The operations that a compiler calls and does not look into."""

import pytest
import torch

from groundstate.gaunt.basis import constants
from groundstate.gaunt.basis.forms import Contraction, Port, contraction_of, contraction_text
from groundstate.gaunt.contraction import rules
from groundstate.gaunt.contraction.contract import contract
from groundstate.gaunt.contraction.opaque import contract_operation, gradients_operation

FORM = Contraction(Port((0, 1, 2), 3), Port((1, 2), 1, False, (0.5, 2.0)), Port((0, 1, 3), 3, True), True)


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def operands(rows=5):
    sizes = [port.size * port.channels for port in FORM[:3]]
    return [randn(rows, size, seed=seed).requires_grad_() for seed, size in enumerate(sizes)]


def test_a_form_goes_through_its_text():
    assert contraction_of(contraction_text(FORM)) == FORM


def test_no_operation_but_these_two_is_registered():
    names = {schema.name for schema in torch._C._jit_get_all_schemas()}
    ours = {name for name in names if name.startswith("groundstate::")}
    assert ours == {"groundstate::gaunt_contract", "groundstate::gaunt_contract_gradients"}


@pytest.mark.parametrize("kernel", ["plain", "dense", "terms", "full", "halves"])
@pytest.mark.parametrize("rows", [5, 1, 0])
def test_results_are_memory_of_their_own(kernel, rows, monkeypatch):
    monkeypatch.setattr(rules, "kernel", lambda *_: kernel)
    x, y, g = operands(rows)
    text = contraction_text(FORM)
    results = [contract_operation(x, y, text, "auto"), *gradients_operation(x, y, g, text, "auto")]
    assert len({value.untyped_storage().data_ptr() for value in results if value.numel()}) == len(
        [value for value in results if value.numel()]
    )
    others = [x, y, g, *vars(constants._STORE).values()]
    taken = {value.untyped_storage().data_ptr() for value in others}
    assert not taken & {value.untyped_storage().data_ptr() for value in results if value.numel()}


def test_operations_keep_the_rules_of_torch_and_are_the_derivatives_of_each_other():
    x, y, g = operands()
    text = contraction_text(FORM)
    tests = ("test_schema", "test_autograd_registration", "test_faketensor")
    torch.library.opcheck(contract_operation, (x, y, text, "auto"), test_utils=tests)
    torch.library.opcheck(gradients_operation, (x, y, g, text, "auto"), test_utils=tests)
    assert torch.autograd.gradcheck(lambda a, b: contract_operation(a, b, text, "auto"), (x, y))
    assert torch.autograd.gradgradcheck(lambda a, b: contract_operation(a, b, text, "auto"), (x, y))
    only = (x.detach(), y)
    assert torch.autograd.gradcheck(lambda b: contract_operation(only[0], b, text, "auto"), (y,))
    torch.testing.assert_close(contract_operation(x, y, text, "auto"), contract(x, y, FORM))
