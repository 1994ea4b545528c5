"""Crystals that need no model: what each draw keeps of the training set."""

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.baselines import cubic_template, ideal_cubic, random_composition, replay

SITES = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]]


def perovskite(first: str, second: str, length: float = 3.9, shift: float = 0.0) -> Structure:
    sites = [*SITES[:4], [0, 0.5 + shift, 0.5]]
    return Structure(Lattice.cubic(length), [first, second, "O", "O", "O"], sites)


def named(crystals: dict[str, Structure]) -> list[NamedStructure]:
    return [NamedStructure(name, structure) for name, structure in crystals.items()]


TRAIN = named({"one": perovskite("Sr", "Ti", 3.8, 0.02), "two": perovskite("Ba", "Zr", 4.2, -0.02)})


def test_the_template_is_the_mean_of_cubic_cells_alone() -> None:
    template = cubic_template(TRAIN)
    assert template.length == pytest.approx(4.0)
    assert template.anions == {8}
    np.testing.assert_allclose(template.sites, SITES, atol=1e-9)
    tilted = Structure(Lattice.tetragonal(3.8, 4.0), TRAIN[0].structure.species, SITES)
    assert cubic_template([*TRAIN, NamedStructure("three", tilted)]) is None
    assert ideal_cubic([*TRAIN, NamedStructure("three", tilted)], 3, 0) == []


def test_replay_draws_without_replacement() -> None:
    drawn = replay(TRAIN, 5, seed=1)
    assert sorted(crystal.id for crystal in drawn) == ["replay-0", "replay-1"]
    assert len(replay(TRAIN, 1, seed=1)) == 1


def test_random_compositions_keep_geometry_and_stoichiometry() -> None:
    for crystal in random_composition(TRAIN, 6, seed=2):
        same = [one for one in TRAIN if one.structure.lattice == crystal.structure.lattice]
        assert len(same) == 1
        np.testing.assert_array_equal(same[0].structure.frac_coords, crystal.structure.frac_coords)
        counts = sorted(crystal.structure.composition.get_el_amt_dict().values())
        assert counts == [1, 1, 3]
        assert {specie.symbol for specie in crystal.structure.species} <= {"Sr", "Ti", "Ba", "Zr", "O"}


def test_the_ideal_cube_has_training_compositions() -> None:
    formulas = {crystal.structure.composition.reduced_formula for crystal in ideal_cubic(TRAIN, 8, seed=0)}
    assert formulas == {one.structure.composition.reduced_formula for one in TRAIN}
