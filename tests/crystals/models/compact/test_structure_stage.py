"""Passes of crystals of like size: all once, little padding, templates apart; how likely a crystal is."""

import itertools

import numpy as np
import torch

from groundstate.api.weights import checkpoint_of
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.compact.structure_stage import PASS_PAIRS, size_groups
from groundstate.crystals.models.load import load_model


def cost(atoms: torch.Tensor, groups: list[torch.Tensor]) -> int:
    return sum(len(rows) * int(atoms[rows].max()) ** 2 + PASS_PAIRS for rows in groups)


def test_groups_cost_no_more_than_any_other_parting() -> None:
    atoms = torch.tensor([3, 31, 8, 9, 30, 2, 20, 8])
    groups = size_groups(atoms)
    assert sorted(torch.cat(groups).tolist()) == list(range(8))
    order = atoms.argsort(stable=True)
    cuts = itertools.product([False, True], repeat=7)
    others = [torch.tensor_split(order, [i + 1 for i, cut in enumerate(row) if cut]) for row in cuts]
    assert cost(atoms, groups) == min(cost(atoms, list(parts)) for parts in others)


def test_one_size_is_one_pass_and_templates_stand_apart() -> None:
    atoms = torch.full((6,), 5)
    assert len(size_groups(atoms)) == 1
    templated = torch.tensor([True, False, True, False, False, True])
    groups = size_groups(atoms, templated)
    assert sorted(sorted(rows.tolist()) for rows in groups) == [[0, 2, 5], [1, 3, 4]]
    assert len(size_groups(atoms, torch.ones(6, dtype=torch.bool))) == 1


def test_a_known_crystal_is_denoised_better_than_its_atoms_elsewhere_whatever_stands_beside_it() -> None:
    model = load_model(checkpoint_of("crystals", None), torch.device("cpu"))
    places = np.array([[0.0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]])
    numbers, cell = np.array([38, 22, 8, 8, 8]), 3.905 * np.eye(3)
    known = Crystal("SrTiO3", numbers, places, cell)
    rng = np.random.default_rng(0)
    others = [Crystal(str(n), numbers, (places + rng.normal(0, 0.15, (5, 3))) % 1, cell) for n in range(3)]
    errors = model.denoising_error([known, *others])
    assert errors[0] < 0.5 * errors[1:].min()
    moved = known._replace(frac_coords=(places + np.array([0.1, 0.7, 0.3])) % 1)
    np.testing.assert_allclose(model.denoising_error([moved]), errors[:1], rtol=1e-4)
