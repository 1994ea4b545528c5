"""Ways to write one crystal: shifted, its atoms in another order, in another primitive cell."""

import itertools

import torch
from torch import Tensor

# Signed axis permutations: the cell relabelled. Shears are drawn one axis onto another.
_PERMUTATIONS = torch.tensor(
    [
        [[sign[i] if j == order[i] else 0 for j in range(3)] for i in range(3)]
        for order in itertools.permutations(range(3))
        for sign in itertools.product((1, -1), repeat=3)
    ],
    dtype=torch.float32,
)
_SHEARS = torch.stack(
    [torch.eye(3)]
    + [
        torch.eye(3).index_put((torch.tensor(i), torch.tensor(j)), torch.tensor(float(sign)))
        for i, j in itertools.permutations(range(3), 2)
        for sign in (1, -1)
    ]
)
# A sheared cell is kept only where every angle stays within these cosines (30 to 150 degrees).
MAX_COSINE = 0.866


def shift(frac_coords: Tensor, generator: torch.Generator) -> Tensor:
    """Move all atoms of each crystal (batch, n, 3) by one random vector of its own; result in [0, 1)."""
    drawn = torch.rand(len(frac_coords), 1, 3, generator=generator).to(frac_coords.device)
    return torch.remainder(frac_coords + drawn, 1.0)


def another_cell(frac_coords: Tensor, lattice: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Write crystals in randomly chosen equivalent primitive cells: same volume, right-handed.

    Shapes (batch, n, 3) and (batch, 3, 3), cell vectors as rows.
    """
    size, device = len(lattice), lattice.device
    turn = _PERMUTATIONS[torch.randint(len(_PERMUTATIONS), (size,), generator=generator)]
    shear = _SHEARS[torch.randint(len(_SHEARS), (size,), generator=generator)].to(device)
    turn = (turn * torch.linalg.det(turn)[:, None, None]).to(device)  # minus everything keeps the hand
    sheared = shear @ lattice
    unit = sheared / sheared.norm(dim=-1, keepdim=True)
    cosines = (unit @ unit.mT - torch.eye(3, device=device)).abs().amax((1, 2))
    change = turn @ torch.where((cosines <= MAX_COSINE)[:, None, None], shear, torch.eye(3, device=device))
    return torch.remainder(frac_coords @ torch.linalg.inv(change), 1.0), change @ lattice


def shuffled_slots(slots: Tensor, atomic_numbers: Tensor, generator: torch.Generator) -> Tensor:
    """Let atoms of one element trade their slots at random; (batch, n) slots and numbers, 0 is padding."""
    keys = torch.rand(slots.shape, generator=generator).to(slots.device)
    same = atomic_numbers[:, :, None] == atomic_numbers[:, None, :]
    return (same & (keys[:, None, :] < keys[:, :, None])).sum(-1)
