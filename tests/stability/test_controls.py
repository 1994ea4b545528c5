"""Controls: the same compositions, sensible separations, streams that do not depend on company."""

import numpy as np
import pytest
from ase import Atoms
from pymatgen.core import Composition, Lattice, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.settings import RelaxSettings
from groundstate.stability.controls import (
    SEPARATION,
    random_crystal,
    random_search,
    substitute_prototypes,
    training_replay,
)

PEROVSKITE = Structure(
    Lattice.cubic(3.905),
    ["Sr", "Ti", "O", "O", "O"],
    [[0.5] * 3, [0] * 3, [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
)


def named(formula, name="x"):
    counts = Composition(formula)
    species = [e for e, n in counts.items() for _ in range(round(n))]
    return NamedStructure(
        name, Structure(Lattice.cubic(9), species, np.random.default_rng(0).random((len(species), 3)))
    )


@pytest.mark.parametrize(
    "counts", [{"Sr": 1, "Ti": 1, "O": 3}, {"Na": 1}, {"Cs": 2, "H": 6}, {"Os": 4, "C": 4}]
)
def test_random_crystals_keep_their_distance(counts):
    strict = RelaxSettings(radii_fraction=SEPARATION)
    for seed in range(5):
        atoms = random_crystal(counts, seed)
        assert geometry_fault(atoms, strict) is None
        assert atoms.symbols.formula.count() == counts


def test_the_seed_and_the_id_decide():
    first = random_search([named("NaCl", "a"), named("KCl", "b")], 0)
    alone = random_search([named("KCl", "b")], 0)
    assert first[1][1] == alone[0][1]
    assert random_search([named("KCl", "b")], 1)[0][1] != alone[0][1]


def test_a_prototype_keeps_its_places_and_takes_the_volume_of_its_elements():
    found = substitute_prototypes([named("BaZrS3", "mine")], [NamedStructure("p", PEROVSKITE)], 8, seed=0)
    ((name, atoms),) = found
    assert name == "mine"
    assert atoms.symbols.formula.count() == {"Ba": 1, "Zr": 1, "S": 3}
    assert np.allclose(atoms.get_scaled_positions()[2:], [[0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]])
    assert atoms.get_volume() > PEROVSKITE.volume  # larger ions


def test_its_own_composition_and_other_stoichiometries_are_no_prototypes():
    known = [NamedStructure("p", PEROVSKITE)]
    assert substitute_prototypes([named("SrTiO3"), named("NaCl")], known, None, 0) == []
    assert substitute_prototypes([named("BaZrS3")], known, 4, 0) == []  # and none that is too large


def test_replay_draws_small_known_crystals():
    known = [NamedStructure(f"k{i}", PEROVSKITE) for i in range(4)] + [named("Na9Cl", "big")]
    drawn = training_replay(known, 3, 8, seed=0)
    assert len({name for name, _ in drawn}) == 3
    assert "big" not in dict(drawn)
    assert all(isinstance(atoms, Atoms) for _, atoms in drawn)
    assert len(training_replay(known, 99, None, seed=0)) == 5
