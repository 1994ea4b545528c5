"""Self-mix, and the linear map of copies."""

import pytest
import torch
from e3nn import o3

from groundstate.gaunt import DegreeLinear, GauntSelfMix


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("parity", ["even", "complete"])
@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
def test_self_mix_starts_from_x_and_is_equivariant(parity, layout, turn_irreps):
    layer = GauntSelfMix("4x0e+4x1o+2x2e+2x1e", parity=parity, layout=layout, channels=3).double()
    x = randn(5, layer.irreps_in.dim)
    z = layer(x)
    assert z.shape == x.shape
    if layout == "mul_ir":
        for inversion in (False, True):
            d = turn_irreps(layer.irreps_in, inversion)
            assert (layer(x @ d.T) - z @ d.T).abs().max() <= 1e-12 * z.abs().max()
    with torch.no_grad():
        for weight in layer.last.weights:
            weight.zero_()
    assert torch.equal(layer(x), x)


def test_degree_linear_is_that_of_e3nn():
    torch.manual_seed(0)
    reference = o3.Linear("4x0e+3x1o+2x0e", "5x1o+2x0e").double()
    layer = DegreeLinear("4x0e+3x1o+2x0e", "5x1o+2x0e").double()
    parts = [view * ins.path_weight for _, ins, view in reference.weight_views(yield_instruction=True)]
    with torch.no_grad():
        order = [(ins.i_in, ins.i_out) for ins in reference.instructions]
        by_path = dict(zip(order, parts, strict=True))
        layer.weights[0].copy_(by_path[1, 0])
        layer.weights[1].copy_(torch.cat([by_path[0, 1], by_path[2, 1]]))
    x = randn(7, layer.irreps_in.dim)
    assert torch.allclose(layer(x), reference(x), atol=1e-13)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GauntSelfMix("4x1o"), "no path reaches 1o"),
        (lambda: DegreeLinear("4x1o", "4x1e"), "no path reaches 1e"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
