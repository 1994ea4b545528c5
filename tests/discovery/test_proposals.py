"""A trained model as a source: told the content of the cell, beginning from noised templates where asked."""

from pathlib import Path

import numpy as np
import pytest
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.discovery.proposals import Diffusion, Proposal, SymmetricSearch, in_turn
from groundstate.discovery.wanted import cells_of

COMPACT = {"width": 32, "layers": 1, "composition_width": 32, "composition_layers": 1, "sampling_steps": 4}
PLACES = np.array([[0.0] * 3, [0.5, 0.5, 0.52], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
KNOWN = [
    Crystal(name, np.array([first, 22, 8, 8, 8]), PLACES, np.eye(3) * length)
    for name, first, length in (("Sr", 38, 3.9), ("Ba", 56, 4.0))
]


@pytest.fixture(autouse=True)
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    model = CompactModel.build("unimat-compact", KNOWN, TrainCrystals(compact=COMPACT))
    model = model.eval().requires_grad_(False)
    monkeypatch.setattr("groundstate.crystals.models.load.load_model", lambda *_: model)


def test_a_checkpoint_proposes_in_the_cells_that_it_can_hold() -> None:
    found = Diffusion(Path("best.ckpt"), 2, 0).propose(cells_of({20: 1, 22: 1, 8: 3}, 20))
    assert [one.source for one in found] == ["diffusion"] * 2
    assert all(sorted(one.crystal.atomic_numbers.tolist()) == [8, 8, 8, 20, 22] for one in found)
    assert {one.origin for one in found} == {"best.ckpt seed0-00000", "best.ckpt seed0-00001"}
    assert Diffusion(Path("best.ckpt"), 2, 0).propose(cells_of({20: 7}, 20)) != []
    assert Diffusion(Path("best.ckpt"), 0, 0).propose(cells_of({20: 1}, 20)) == []


def test_an_element_that_the_model_hardly_knows_is_named(capsys) -> None:
    Diffusion(Path("best.ckpt"), 1, 0).propose(cells_of({20: 1, 22: 1, 8: 3}, 5))
    assert "0 of the training crystals have Ca" in capsys.readouterr().err


def test_a_sample_begins_from_the_likest_template() -> None:
    wanted = cells_of({38: 1, 22: 1, 8: 3}, 5)
    source = Diffusion(Path("best.ckpt"), 1, 0, None, TemplateLibrary(KNOWN), 1e-3, own_formula=False)
    (found,) = source.propose(wanted)
    assert found.source == "diffusion-from-template"
    difference = found.crystal.frac_coords - PLACES
    difference -= difference[0]
    assert np.abs(difference - np.round(difference)).max() < 0.08


def test_formulas_take_turns() -> None:
    other = Crystal("NaCl", np.array([11, 17]), PLACES[:2], np.eye(3) * 3.5)
    proposals = [Proposal(one, "own", str(n)) for n, one in enumerate([KNOWN[0], KNOWN[0], KNOWN[0], other])]
    assert [one.origin for one in in_turn(proposals)] == ["0", "3", "1", "2"]


def test_a_symmetric_crystal_does_not_depend_on_how_many_are_drawn() -> None:
    wanted = cells_of({22: 1, 8: 2}, 6)
    few, many = SymmetricSearch(2, 0).propose(wanted), SymmetricSearch(5, 0).propose(wanted)
    assert [one.source for one in many] == ["symmetric"] * 5
    assert all(
        np.array_equal(a.crystal.frac_coords, b.crystal.frac_coords) for a, b in zip(few, many, strict=False)
    )
    assert not np.array_equal(
        many[0].crystal.lattice, SymmetricSearch(1, 1).propose(wanted)[0].crystal.lattice
    )


def test_chance_is_left_to_small_cells() -> None:
    olivine = SymmetricSearch(3, 0).propose(cells_of({3: 1, 26: 1, 15: 1, 8: 4}, 28))
    assert [len(one.crystal.atomic_numbers) for one in olivine] == [7] * 3
    large = SymmetricSearch(1, 0).propose(cells_of({12: 3, 13: 2, 14: 3, 8: 12}, 20))
    assert [len(one.crystal.atomic_numbers) for one in large] == [20]
