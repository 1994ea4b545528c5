"""Symmetries of the networks of the structure stage."""

import numpy as np
import pytest
import torch

from groundstate.crystals.models.compact.message_network import MessageNetwork
from groundstate.crystals.models.compact.network import NoisyCrystals, cell_from_log, waves
from groundstate.crystals.models.compact.structure_network import FREQUENCIES, StructureNetwork, pair_features

NETWORKS = {
    "relative": lambda: StructureNetwork(32, 2, 4, 10, 0, False),
    "absolute": lambda: StructureNetwork(32, 2, 4, 10, 0, True),
    "messages": lambda: MessageNetwork(32, 2, 10, 0),
}


@pytest.fixture(params=NETWORKS)
def network(request: pytest.FixtureRequest) -> StructureNetwork | MessageNetwork:
    torch.manual_seed(0)
    model = NETWORKS[request.param]().double().eval()
    for name, weights in model.named_parameters():
        if "head" in name:  # they start at zero
            torch.nn.init.normal_(weights, std=0.1)
    return model


def inputs(count: int = 6, batch: int = 3) -> NoisyCrystals:
    generator = torch.Generator().manual_seed(1)
    return NoisyCrystals(
        torch.randint(1, 90, (batch, count), generator=generator),
        torch.rand(batch, count, 3, dtype=torch.float64, generator=generator),
        torch.randn(batch, 6, dtype=torch.float64, generator=generator),
        1.4 * torch.tensor([1.0, 1, 1, 0.1, 0, 0.1], dtype=torch.float64).repeat(batch, 1),
        torch.linspace(0.1, 0.9, batch, dtype=torch.float64),
    )


def test_whole_periods_change_nothing(network: StructureNetwork | MessageNetwork) -> None:
    given = inputs()
    expected = network(given)
    frac = given.frac_coords
    periods = torch.randint(-3, 4, frac.shape, generator=torch.Generator().manual_seed(2))
    moved = network(given._replace(frac_coords=frac + periods))
    torch.testing.assert_close(moved, expected, rtol=1e-9, atol=1e-9)
    shifted = network(given._replace(frac_coords=frac + torch.tensor([0.31, -0.2, 0.77])))
    assert torch.allclose(shifted[1], expected[1], rtol=1e-9, atol=1e-9) != network.absolute
    assert network.absolute or expected[1].mean(1).abs().max() < 1e-12


def test_one_time_for_all_is_that_time_for_each(network: StructureNetwork | MessageNetwork) -> None:
    given = inputs()._replace(time=torch.tensor([0.3], dtype=torch.float64))
    torch.testing.assert_close(network(given), network(given._replace(time=given.time.expand(3))))


def test_waves_of_pairs_are_waves_of_differences() -> None:
    frac = torch.rand(2, 4, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    features = pair_features(frac, torch.eye(3, dtype=torch.float64).expand(2, 3, 3), torch.ones(2))
    between = waves(frac[:, None, :, :] - frac[:, :, None, :], FREQUENCIES)
    sin, cos = (one.flatten(-2) for one in between)
    torch.testing.assert_close(features[..., :24], torch.cat([sin, cos], -1))


def test_order_of_atoms_is_carried_along(network: StructureNetwork | MessageNetwork) -> None:
    given = inputs()
    lattice, noise = network(given)
    order = torch.tensor([3, 1, 5, 0, 2, 4])
    moved = {"atomic_numbers": given.atomic_numbers[:, order], "frac_coords": given.frac_coords[:, order]}
    turned = network(given._replace(**moved))
    torch.testing.assert_close(turned, (lattice, noise[:, order]), rtol=1e-9, atol=1e-9)


def test_padding_changes_nothing(network: StructureNetwork | MessageNetwork) -> None:
    given = inputs()
    lattice, noise = network(given)
    padded = given._replace(
        atomic_numbers=torch.nn.functional.pad(given.atomic_numbers, (0, 3)),
        frac_coords=torch.nn.functional.pad(given.frac_coords, (0, 0, 0, 3), value=0.4),
        mask=torch.arange(9).expand(3, 9) < 6,
    )
    full = network(padded)
    torch.testing.assert_close((full[0], full[1][:, :6]), (lattice, noise), rtol=1e-9, atol=1e-9)
    assert bool((full[1][:, 6:] == 0).all())


def test_cell_is_the_exponential_and_features_know_distances() -> None:
    six = torch.tensor([[1.2, 1.4, 1.5, 0.2, -0.1, 0.3]], dtype=torch.float64)
    cell = cell_from_log(six)
    assert abs(torch.linalg.det(cell)[0].log() - six[0, :3].sum()) < 1e-10
    frac = torch.tensor([[[0.0, 0, 0], [0.95, 0.1, 0.2]]], dtype=torch.float64)
    features = pair_features(frac, cell, torch.ones(1, dtype=torch.float64))
    vector = np.array([-0.05, 0.1, 0.2]) @ cell[0].numpy()
    np.testing.assert_allclose(features[0, 0, 1, 24:27], vector, atol=1e-12)
