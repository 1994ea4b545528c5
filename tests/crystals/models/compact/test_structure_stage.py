"""Passes of crystals of like size: all crystals once, little padding, templates apart."""

import itertools

import torch

from groundstate.crystals.models.compact.structure_stage import PASS_PAIRS, size_groups


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
