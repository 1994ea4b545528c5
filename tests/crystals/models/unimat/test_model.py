"""The paper's model: encoding, loss and the options; generation obeys what is asked."""

import numpy as np
import pytest
import torch

from groundstate.crystals.lattice import cell_from_parameters, closed_cell
from groundstate.crystals.models.base import Request
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.requests import parse_request
from groundstate.crystals.models.settings import TrainCrystals, Unimat
from groundstate.crystals.models.unimat.model import UnimatModel


@pytest.fixture(scope="module")
def crystals(real: list) -> list:
    few = [one for one in real if np.bincount(one.atomic_numbers).max() <= 3]
    assert len(few) >= 8
    return few


def build(crystals: list, **options: object):
    torch.manual_seed(0)
    settings = TrainCrystals(
        unimat=Unimat(width=8, blocks=1, **{"sampling_steps": 4, **options}), conditions=["e_above_hull"]
    )
    return UnimatModel.build("unimat", crystals, settings)


@pytest.mark.parametrize("encoding", ["null", "presence"])
def test_state_is_the_grid_of_the_representation(crystals: list, encoding: str) -> None:
    model = build(crystals, encoding=encoding)
    batch = model.encode(crystals)
    state, present = model.state(batch)
    for row, numbers in enumerate(batch["atomic_numbers"]):
        kept = numbers > 0
        crystal = crystals[row]._replace(
            frac_coords=batch["frac_coords"][row, kept].double().numpy(),
            lattice=batch["lattice"][row].double().numpy(),
        )
        tensor, parameters = model.grid.encode(crystal)
        np.testing.assert_allclose(state[row, :-6].reshape(model.grid.shape), tensor, atol=1e-6)
        cell = state[row, -6:] * model.cell_deviation + model.cell_mean
        np.testing.assert_allclose(cell, parameters, atol=2e-3)
        assert int(present[row].sum()) == len(crystal.atomic_numbers)


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"target": "v", "encoding": "presence", "min_snr_gamma": 5.0, "self_conditioning": True},
        {"target": "x0", "skip_scaling": "learned", "convolution": "full", "augment_cells": True},
    ],
)
def test_loss_falls_in_a_few_steps_with_every_option(crystals: list, options: dict) -> None:
    model = build(crystals, dropout=0.0, **options)
    batch = {key: values[:8] for key, values in model.encode(crystals).items()}
    optimizer = torch.optim.Adam(model.parameters(), 3e-3)
    losses = []
    for _ in range(6):
        loss, parts = model.loss(batch, torch.Generator().manual_seed(0))
        assert set(parts) == {"grid", "cell"}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss))
    assert losses[-1] < losses[0]


@pytest.mark.parametrize("sampler", ["ancestral", "ddim", "second_order"])
def test_requests_are_obeyed_by_an_untrained_model(crystals: list, sampler: str) -> None:
    model = build(crystals, sampler=sampler, self_conditioning=True).eval()
    for crystal in generate(model, parse_request("SrTiO3", None, None), 3, 0, 2):
        assert sorted(crystal.atomic_numbers) == [8, 8, 8, 22, 38]
        assert np.linalg.det(crystal.lattice) > 0
    for crystal in generate(model, parse_request(None, "Li-O", "2-4"), 3, 0, 2):
        assert set(crystal.atomic_numbers.tolist()) <= {3, 8}
        assert 2 <= len(crystal.atomic_numbers) <= 4
    for crystal in generate(model, Request(conditions={"e_above_hull": 0.0}, guidance=2.0), 2, 0, 2):
        assert 1 <= len(crystal.atomic_numbers) <= model.max_atoms


def test_samples_are_identical_whatever_the_batch_size(crystals: list) -> None:
    model = build(crystals).eval()
    torch.set_num_threads(1)
    whole = generate(model, Request(), 10, 0, 8)
    for other in (generate(model, Request(), 10, 0, 3), generate(model, Request(), 5, 0, 8)):
        for one, two in zip(whole, other, strict=False):
            np.testing.assert_array_equal(one.atomic_numbers, two.atomic_numbers)
            np.testing.assert_array_equal(one.frac_coords, two.frac_coords)
            np.testing.assert_array_equal(one.lattice, two.lattice)


def test_a_possible_cell_is_kept_and_an_impossible_one_is_closed() -> None:
    possible = np.array([4.0, 5.0, 6.0, 80.0, 95.0, 110.0])
    np.testing.assert_allclose(closed_cell(possible), cell_from_parameters(possible))
    for impossible in ([5, 5, 5, 20, 20, 170.0], [-3, 5, 5, 90, 90, 90.0], [4, 4, 4, 300, 90, 0.0]):
        assert np.linalg.det(closed_cell(np.array(impossible))) > 0.1 * 0.05


def test_a_model_is_rebuilt_from_its_config_and_weights(crystals: list) -> None:
    model = build(crystals).eval()
    again = UnimatModel(model.config)
    again.load_state_dict(model.state_dict())
    one, other = (generate(one.eval().to("cpu"), Request(), 2, 0, 2) for one in (model, again))
    for first, second in zip(one, other, strict=True):
        np.testing.assert_array_equal(first.frac_coords, second.frac_coords)
