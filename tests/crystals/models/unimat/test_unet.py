"""The paper's network: its levels, its symmetry along the atoms, its skips."""

import pytest
import torch

from groundstate.crystals.models.unimat.unet import Attention, UNet


def network(**options: object) -> UNet:
    torch.manual_seed(0)
    model = UNet(11, 9, 8, 1, **options).eval()
    for parameter in model.parameters():  # outputs start at zero: give every part a say
        if parameter.ndim > 1 and not parameter.any():
            torch.nn.init.normal_(parameter, std=0.05)
    return model


def inputs(depth: int = 3, batch: int = 2) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return torch.randn(batch, 11, depth, 9, 18, generator=generator), torch.tensor([-3.0, 5.0])


@pytest.mark.parametrize("convolution", ["factorised", "full"])
@pytest.mark.parametrize("scaling", ["none", "constant", "learned"])
def test_shapes_and_gradients_of_every_option(convolution: str, scaling: str) -> None:
    model = network(convolution=convolution, skip_scaling=scaling)
    features, log_snr = inputs()
    output = model(features, log_snr)
    assert output.shape == (2, 9, 3, 9, 18)
    output.square().mean().backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


def test_levels_are_nine_three_and_one_rows() -> None:
    seen = []
    model = network()
    for module in model.modules():
        if isinstance(module, Attention) and module.over == "plane":
            module.register_forward_hook(lambda _, given, __: seen.append(tuple(given[0].shape[3:])))
    model(*inputs())
    assert seen == [(9, 18), (3, 6), (1, 2), (1, 2), (1, 2), (1, 2), (3, 6), (9, 18)]


def test_heads_have_64_features() -> None:
    assert [Attention(c, "plane").heads for c in (16, 64, 128, 256)] == [1, 1, 2, 4]


def test_slots_are_interchangeable_with_factorised_convolutions_only() -> None:
    features, log_snr = inputs(4)
    order = torch.tensor([2, 0, 3, 1])
    for convolution, same in (("factorised", True), ("full", False)):
        model = network(convolution=convolution)
        with torch.no_grad():
            turned = model(features[:, :, order], log_snr)
            expected = model(features, log_snr)[:, :, order]
        assert torch.allclose(turned, expected, atol=1e-4) == same


def test_constant_scaling_is_the_power_of_the_skip_index() -> None:
    model = network(skip_scaling="constant", skip_constant=0.5)
    skip = torch.ones(1, 8, 1, 9, 18)
    assert [float(model._scaled(skip, index).max()) for index in range(3)] == [1.0, 0.5, 0.25]
    learned = network(skip_scaling="learned")
    assert 0 < float(learned._scaled(skip, 0).detach().max()) < 1


def test_parameters_of_the_papers_widths() -> None:
    """Our own count, so that a change of the architecture is seen: 21.6 M at base 64, factorised."""
    with torch.device("meta"):
        count = sum(p.numel() for p in UNet(11, 9, 64, 3).parameters())
    assert abs(count / 1e6 - 21.6) < 0.1
