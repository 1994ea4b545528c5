"""What the network of messages sees of periodic pairs, against sums over many cells."""

import itertools

import numpy as np
import pytest
import torch

from groundstate.crystals.models.compact.message_network import (
    FARTHEST,
    NEAREST,
    RADIAL,
    SHARPNESS,
    MessageNetwork,
    Pairs,
    radial_functions,
)
from groundstate.crystals.models.compact.network import NoisyCrystals, TemplateTensors

CENTRES = np.linspace(NEAREST, FARTHEST, RADIAL)


def test_radial_functions_are_gaussians_about_their_centres() -> None:
    distance = torch.linspace(0, 3.2, 200, dtype=torch.float64)[:, None]
    expected = np.exp(-SHARPNESS * (distance.numpy() - CENTRES) ** 2)
    np.testing.assert_allclose(radial_functions(distance)[..., 0].numpy(), expected, atol=1e-9)
    assert radial_functions(torch.tensor([50.0]))[:, 0].max() < 1e-3


def test_pairs_are_sums_over_all_images() -> None:
    cell = np.array([[1.3, 0.0, 0.1], [0.2, 1.2, 0.0], [0.0, -0.3, 1.4]])
    frac = np.random.default_rng(0).random((3, 3))
    pairs = Pairs(torch.as_tensor(frac)[None], torch.as_tensor(cell)[None], torch.ones(1).double())
    images = np.array(list(itertools.product(range(-3, 4), repeat=3)))
    for i, j in itertools.product(range(3), repeat=2):
        steps = frac[j] - frac[i] + images
        steps = steps[np.linalg.norm(steps, axis=1) > 1e-9]
        radial = np.exp(-SHARPNESS * (np.linalg.norm(steps @ cell, axis=1) - CENTRES[:, None]) ** 2)
        near = slice(0, 4)  # what lies farther has images beyond the 27 cells
        np.testing.assert_allclose(pairs.strength[0, i, j, near], radial.sum(1)[near], atol=2e-3)
        np.testing.assert_allclose(pairs.shifts[0, i, j, near], (radial @ steps)[near], atol=4e-3)
        np.testing.assert_allclose(pairs.vectors[0, i, j], pairs.shifts[0, i, j] @ cell, atol=1e-9)


@pytest.fixture
def network() -> MessageNetwork:
    torch.manual_seed(0)
    model = MessageNetwork(32, 1, 8, 0, True).double().eval()
    for name, weights in model.named_parameters():
        if "head" in name:
            torch.nn.init.normal_(weights, std=0.1)
    return model


def test_forces_cancel_where_symmetry_says_so(network: MessageNetwork) -> None:
    frac = torch.tensor([[[0.0, 0, 0], [0.5, 0.5, 0.5]]], dtype=torch.float64)
    metric = torch.tensor([[2.2, 2.2, 2.2, 0, 0, 0]], dtype=torch.float64)
    seen = Pairs(frac, torch.linalg.matrix_exp(torch.diag_embed(metric[:, :3])), torch.ones(1).double() * 3)
    assert seen.shifts.abs().max() < 1e-3
    pairs = torch.randn(1, 2, 2, 16, dtype=torch.float64)
    forces = network._forces(seen, pairs, torch.ones(1, 2).double(), torch.full((1,), 0.1).double())
    assert forces.abs().max() < 1e-3


def test_a_template_that_is_not_given_is_none(network: MessageNetwork) -> None:
    given = NoisyCrystals(
        torch.tensor([[3, 8, 8]]),
        torch.rand(1, 3, 3, dtype=torch.float64),
        torch.randn(1, 6, dtype=torch.float64),
        torch.tensor([[1.2, 1.3, 1.2, 0, 0, 0]], dtype=torch.float64),
        torch.tensor([0.4], dtype=torch.float64),
    )
    blank = TemplateTensors(
        torch.zeros(1, 3, dtype=torch.long),
        given.frac_coords,
        given.log_metric,
        given.lattice,
        torch.zeros(1, dtype=torch.float64),
    )
    torch.testing.assert_close(network(given._replace(template=blank)), network(given))
    template = blank._replace(given=torch.ones(1, dtype=torch.float64))
    shown = network(given._replace(template=template))
    assert not torch.allclose(shown[1], network(given)[1])
