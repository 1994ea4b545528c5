"""The many-body product: a weighted sum of powers, parities tracked, variance kept."""

import pytest
import torch

from groundstate.gaunt import GauntManyBody, gaunt_power, gaunt_product


def randn(*shape, seed=0):
    return torch.randn(*shape, dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("layout", ["mul_ir", "ir_mul"])
def test_many_body_product_is_a_weighted_sum_of_powers(layout):
    layer = GauntManyBody(
        "3x0e+3x1o+3x2e", "3x0e+3x1o", num_elements=2, irrep_normalization="none", layout=layout
    )
    layer = layer.double()
    x, elements = randn(5, 3, 9), torch.tensor([0, 1, 1, 0, 1])
    expected = torch.zeros(5, 3, 4, dtype=torch.float64)
    for nu in (1, 2, 3):
        power = gaunt_power(x, nu, 1, method="dense")
        weight = layer.weight[nu - 1, elements].view(5, 2, 3)
        expected += power * torch.stack([weight[:, 0], weight[:, 1], weight[:, 1], weight[:, 1]], dim=-1)
    blocks = [slice(0, 1), slice(1, 4), slice(4, 9)]

    def flat(signal, count):
        parts = [signal[..., entry] for entry in blocks[:count]]
        return torch.cat([(part if layout == "mul_ir" else part.mT).flatten(1) for part in parts], dim=1)

    assert torch.allclose(layer(flat(x, 3), elements), flat(expected, 2), atol=1e-12)


def test_many_body_product_tracks_both_parities(turn_irreps):
    layer = GauntManyBody("4x0e+4x1o+4x1e+2x0o", "4x0e+2x1o+4x2e+1x1e+1x2o", correlation=3).double()
    x = randn(4, layer.irreps_in.dim)
    z = layer(x)
    for inversion in (False, True):
        d_in, d_out = turn_irreps(layer.irreps_in, inversion), turn_irreps(layer.irreps_out, inversion)
        assert (layer(x @ d_in.T) - z @ d_out.T).abs().max() <= 1e-12 * z.abs().max()
    assert layer(x[:0]).shape == (0, layer.irreps_out.dim)


@pytest.mark.parametrize("nu", [1, 2, 3])
def test_scales_keep_the_variance_of_independent_factors_in_every_channel(nu):
    """Channels 0..4 of 5x0e+3x1o+2x2e hold different degrees; the bare product of nu signals is sampled."""
    layer = GauntManyBody("5x0e+3x1o+2x2e", "5x0e+3x1o+2x2e", correlation=nu)
    for channel, lmax in enumerate((2, 2, 1, 0, 0)):
        factors = [randn(20000, (lmax + 1) ** 2, seed=seed) for seed in range(nu)]
        product = factors[0]
        for factor in factors[1:]:
            product = gaunt_product(product, factor)
        for degree in range(lmax + 1):
            variance = product[:, degree**2 : (degree + 1) ** 2].square().mean().item()
            port, factor = layer._ports[nu - 1][1], layer._factors[nu - 1][1]
            assert port.scales == (1.0, 1.0, 1.0)
            assert factor[degree][channel] ** 2 * variance == pytest.approx(1, abs=0.08)


def test_scales_with_both_parities_count_the_ways_to_a_sign():
    """(t + p)^2 = (tt + pp) + 2 tp with independent factors: the variance of either sign by sampling."""
    layer = GauntManyBody("1x0e+1x1o+1x1e", "1x0e+1x1o+1x1e", correlation=2)
    true = [randn(40000, 4, seed=seed) for seed in (0, 1)]
    pseudo = [torch.nn.functional.pad(randn(40000, 3, seed=seed), (1, 0)) for seed in (2, 3)]
    even = gaunt_product(*true, 1) + gaunt_product(*pseudo, 1)
    odd = gaunt_product(true[0], pseudo[1], 1) + gaunt_product(pseudo[0], true[1], 1)
    for sign, product, degree in ((1, even, 0), (1, even, 1), (-1, odd, 1)):
        port = layer._ports[1][sign]
        scale = port.scales[port.degrees.index(degree)]
        variance = product[:, degree**2 : (degree + 1) ** 2].square().mean().item()
        assert scale**2 * variance == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: GauntManyBody("4x0e", "4x1o"), "no path reaches 1o from 4x0e with correlation 3"),
        (lambda: GauntManyBody("4x0e", "8x0e"), "more than the 4 channels"),
        (lambda: GauntManyBody("4x0e", correlation=0), "correlation must be at least 1, got 0"),
        (lambda: GauntManyBody("4x0e", num_elements=2)(torch.ones(1, 4)), "elements goes with num_elements"),
    ],
)
def test_errors_say_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()
