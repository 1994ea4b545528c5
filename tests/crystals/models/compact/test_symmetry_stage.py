"""The symmetry stage: what it learns, that its draws fill the composition, and that samples keep them."""

import json
from dataclasses import replace

import numpy as np
import pytest
import spglib
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import log_metric, spglib_cell
from groundstate.crystals.models.base import Request, count_atoms
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.compact.network import log_from_metric
from groundstate.crystals.models.compact.space_groups import LETTERS, orbits_of, placed
from groundstate.crystals.models.compact.symmetry import Symmetry
from groundstate.crystals.models.compact.symmetry_stage import orbit_tensors, sample_orbits, symmetry_loss
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.settings import TrainCrystals

SETTINGS = TrainCrystals.model_validate(
    {
        "compact": {
            "width": 32,
            "layers": 1,
            "network": "messages",
            "composition_width": 32,
            "composition_layers": 1,
            "symmetry_width": 32,
            "symmetry_dropout": 0.0,
            "symmetry_top_p": 0.7,
            "sampling_steps": 8,
        }
    }
)


@pytest.fixture(scope="module")
def learned(real: list[Crystal]) -> tuple[CompactModel, list[float]]:
    """A model whose symmetry stage has learned 40 crystals by heart."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    crystals = real[:40]
    model = CompactModel.build("unimat-compact", crystals, SETTINGS)
    assert model.symmetry is not None
    encoded = model.encode(crystals) | model.encode_choice(crystals, SETTINGS)
    counts, orbits = encoded["counts"], orbit_tensors(encoded)
    optimizer = torch.optim.Adam(model.symmetry.parameters(), lr=3e-3)
    losses = []
    for _ in range(150):
        loss = symmetry_loss(model.symmetry, counts, orbits, model.cell_scale.volumes(counts))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(float(loss.detach()))
    return model.eval(), losses


def test_a_set_is_learned_by_heart(learned, real: list[Crystal]) -> None:
    model, losses = learned
    assert losses[-1] < losses[0] / 4
    counts = torch.as_tensor(count_atoms(real[:40]))
    uniform, normal = torch.full((40, 40, 4), 0.4), torch.zeros(40, 6)
    drawn = sample_orbits(model.symmetry, counts, model.cell_scale.volumes(counts), uniform, normal, 0.01)
    right = 0
    for crystal, one in zip(real[:40], drawn, strict=True):
        truth = orbits_of(crystal)
        right += one is not None and truth is not None and one.group == truth.group
    assert right > 25


def test_draws_fill_the_composition(learned, real: list[Crystal]) -> None:
    model, _ = learned
    counts = torch.as_tensor(count_atoms(real[:40]))
    generator = torch.Generator().manual_seed(1)
    uniform, normal = torch.rand(40, 40, 4, generator=generator), torch.randn(40, 6, generator=generator)
    drawn = sample_orbits(model.symmetry, counts, model.cell_scale.volumes(counts), uniform, normal, 1.0)
    made = 0
    for crystal, one in zip(real[:40], drawn, strict=True):
        if one is None:
            continue
        assert {kind // len(LETTERS) for kind in one.kinds.tolist()} == {one.group}
        whole = placed(one)
        if whole is not None and len(whole.atomic_numbers) == len(crystal.atomic_numbers):
            assert whole.atomic_numbers.tolist() == sorted(crystal.atomic_numbers.tolist())
            made += 1
    assert made > 25


def test_samples_have_their_symmetry_whatever_the_batch(learned) -> None:
    model, _ = learned
    request = Request(formulas=({22: 2, 8: 4}, {11: 1, 17: 1}))
    samples = generate(model, request, 24, 0, 64)
    again = generate(model, request, 24, 0, 5)
    for one, other in zip(samples, again, strict=True):
        np.testing.assert_array_equal(one.frac_coords, other.frac_coords)
        np.testing.assert_array_equal(one.lattice, other.lattice)
    free = generate(model, replace(request, symmetry=False), 4, 0, 64)
    assert all(spglib.get_symmetry_dataset(spglib_cell(one), symprec=1e-2).number == 1 for one in free)
    groups = [spglib.get_symmetry_dataset(spglib_cell(one), symprec=1e-2).number for one in samples]
    assert np.mean(np.array(groups) > 2) > 0.8


def test_the_mean_metric_is_one_that_the_rotations_keep(real: list[Crystal]) -> None:
    for crystal in real[:10]:
        orbits = orbits_of(crystal)
        if orbits is None or (one := placed(orbits)) is None:
            continue
        symmetry = Symmetry.of([one, None], len(one.atomic_numbers), torch.device("cpu"))
        rng = np.random.default_rng(0)
        strained = one.lattice @ (np.eye(3) + rng.normal(0, 0.05, (3, 3)))
        six = torch.as_tensor(log_metric(np.stack([strained, strained])), dtype=torch.float32)
        kept, free = symmetry.metric(six)
        torch.testing.assert_close(free, six[1], atol=1e-4, rtol=1e-4)
        again = symmetry.metric(torch.stack([kept, kept]))[0]
        torch.testing.assert_close(again, kept, atol=1e-4, rtol=1e-4)


def test_a_metric_becomes_its_logarithm() -> None:
    cell = np.array([[3.0, 0, 0], [0.4, 4.0, 0], [-0.3, 0.2, 6.0]])
    found = log_from_metric(torch.as_tensor(cell @ cell.T)[None])
    np.testing.assert_allclose(found[0], log_metric(cell[None])[0], atol=1e-12)


def test_a_model_without_the_stage_has_nothing_of_it(real: list[Crystal]) -> None:
    compact = SETTINGS.compact.model_copy(update={"symmetry_width": 0})
    model = CompactModel.build("unimat-compact", real[:20], SETTINGS.model_copy(update={"compact": compact}))
    assert not any(name.startswith("symmetry.") for name in model.state_dict())
    assert "symmetry." not in json.dumps(dict(model.stages))
