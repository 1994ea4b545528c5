"""Uniqueness and novelty on copies, distortions and different crystals of one composition."""

import numpy as np
import pytest
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Lattice, Structure

from groundstate.metrics.crystals.sun import TOLERANCES, are_novel, are_unique, first_equivalents


def salt(a=5.64, species=("Na", "Cl")):
    return Structure.from_spacegroup("Fm-3m", Lattice.cubic(a), species, [[0, 0, 0], [0.5, 0.5, 0.5]])


def cesium_type(a=3.4, species=("Na", "Cl")):
    return Structure(Lattice.cubic(a), species, [[0, 0, 0], [0.5, 0.5, 0.5]])


def disguised(structure, seed=0):
    """The same crystal in another primitive cell, moved, with shuffled atoms and small noise."""
    generator = np.random.default_rng(seed)
    copy = structure.get_primitive_structure()
    copy.make_supercell([[1, 1, 0], [0, 1, 0], [0, 1, 1]])
    copy.translate_sites(range(len(copy)), generator.random(3))
    copy.perturb(0.02, seed=int(generator.integers(1000)))
    order = generator.permutation(len(copy))
    return Structure.from_sites([copy[i] for i in order])


def test_a_disguise_is_seen_through_and_polymorphs_are_not_merged():
    crystals = [
        salt(),
        cesium_type(),
        disguised(salt()),
        salt(5.8),
        salt(species=("K", "Cl")),
        disguised(cesium_type()),
    ]
    assert first_equivalents(crystals) == [0, 1, 0, 0, 4, 1]
    assert are_unique(crystals) == [True, True, False, False, True, False]


def test_novelty_is_against_the_known_only():
    known = [salt(), cesium_type(species=("K", "Cl"))]
    crystals = [disguised(salt(), 3), cesium_type(), salt(species=("K", "Cl")), cesium_type()]
    assert are_novel(crystals, known) == [False, True, True, True]
    assert are_novel(crystals, []) == [True] * 4


def test_buckets_change_nothing():
    generator = np.random.default_rng(1)
    pool = [salt(), cesium_type(), salt(species=("Na", "Br")), salt(species=("Cl", "Na"))]
    crystals = [disguised(pool[i], int(i) + k) for k, i in enumerate(generator.integers(len(pool), size=14))]
    matcher = StructureMatcher(**TOLERANCES)
    expected = [
        next(j for j in range(i + 1) if j == i or matcher.fit(crystals[j], crystals[i]))
        for i in range(len(crystals))
    ]
    assert first_equivalents(crystals) == expected


@pytest.mark.parametrize("number", [0, 1])
def test_few(number):
    assert are_unique([salt()] * number) == [True] * number
