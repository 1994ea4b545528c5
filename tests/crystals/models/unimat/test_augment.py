"""Augmented crystals are the same crystals."""

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.crystals.models.grid import slots
from groundstate.crystals.models.unimat.augment import another_cell, shift, shuffled_slots


def test_another_cell_and_a_shift_are_the_same_crystal(real: list) -> None:
    matcher = StructureMatcher(ltol=0.01, stol=0.02, angle_tol=0.5, primitive_cell=False, scale=False)
    generator = torch.Generator().manual_seed(0)
    changed = 0
    for crystal in [one for one in real if len(one.atomic_numbers) <= 12][:10]:
        frac = torch.as_tensor(crystal.frac_coords, dtype=torch.float32)[None]
        lattice = torch.as_tensor(crystal.lattice, dtype=torch.float32)[None]
        turned, cell = another_cell(frac, lattice, generator)
        moved = shift(turned, generator)
        assert np.isclose(torch.linalg.det(cell), torch.linalg.det(lattice).abs(), rtol=1e-4) or np.isclose(
            torch.linalg.det(cell), torch.linalg.det(lattice), rtol=1e-4
        )
        before = Structure(crystal.lattice, crystal.atomic_numbers, crystal.frac_coords)
        after = Structure(cell[0].double().numpy(), crystal.atomic_numbers, moved[0].double().numpy())
        assert matcher.fit(before, after), crystal.id
        changed += not torch.allclose(cell, lattice)
    assert changed >= 8


def test_shuffled_slots_stay_the_first_slots_of_each_element(real: list) -> None:
    generator = torch.Generator().manual_seed(0)
    changed = False
    for crystal in real:
        numbers = torch.as_tensor(crystal.atomic_numbers)[None]
        before = torch.as_tensor(slots(crystal.atomic_numbers))[None]
        after = shuffled_slots(before, numbers, generator)
        changed |= not torch.equal(before, after)
        for number in numbers.unique():
            mine = numbers[0] == number
            assert torch.equal(after[0, mine].sort().values, torch.arange(int(mine.sum())))
    assert changed
