"""The contraction written out for a compiler is that of the table, in either layout."""

import pytest
import torch

from groundstate.gaunt.basis.forms import Contraction, Port
from groundstate.gaunt.contraction.contract import contract
from groundstate.gaunt.contraction.traced import by_terms, fusable

PORTS = {
    "wide": Port((0, 1, 2), 3),
    "interleaved": Port((0, 1, 2), 3, True, (1.0, 0.5, 2.0)),
    "single": Port((1, 2), 1),
    "unreached": Port((0, 2), 3, False, (0.0, 1.0)),
}


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        ("wide", "wide", "wide"),
        ("interleaved", "single", "interleaved"),
        ("single", "wide", "unreached"),
        ("wide", "interleaved", "single"),
    ],
)
def test_terms_are_those_of_the_table(names, odd):
    form = Contraction(*(PORTS[name] for name in names), odd)
    assert fusable(form)
    generator = torch.Generator().manual_seed(0)
    x, y = (
        torch.randn(4, port.size * port.channels, dtype=torch.float64, generator=generator)
        for port in (form.first, form.second)
    )
    torch.testing.assert_close(by_terms(x, y, form), contract(x, y, form, "dense"), atol=1e-13, rtol=1e-12)
