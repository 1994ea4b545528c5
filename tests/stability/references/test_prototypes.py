"""Bundled prototypes: which systems they fill, with what, and at what distances."""

import numpy as np
import pytest
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.settings import RelaxSettings
from groundstate.stability.references.prototypes import TYPES, bundled_prototypes, fill_systems

GROUPS = dict(zip(TYPES, (225, 221, 216, 225, 164, 191, 221, 225, 221, 221, 216, 225), strict=True))


@pytest.mark.parametrize("name", TYPES)
def test_types_are_what_their_symbols_say(name):
    prototype = bundled_prototypes()[name]
    assert len(prototype) <= 5
    assert SpacegroupAnalyzer(prototype).get_space_group_number() == GROUPS[name]


def test_only_systems_without_a_compound_are_filled_and_neutral_contrasting_compositions_come_first():
    systems = [frozenset({"Na", "Cl"}), frozenset({"Ca", "F", "Si"}), frozenset({"Fe"})]
    found = fill_systems(systems, {frozenset({"Na", "Cl"})}, 2)
    assert [phase.id for phase in found] == ["prototype:C1:CaF2", "prototype:C6:CaF2"]
    assert fill_systems(systems, set(), 0) == []
    assert fill_systems([frozenset({"Ca", "F"})], {frozenset({"Ca", "F", "Si"})}, 1) == found[:1]


def test_the_closest_pair_is_at_the_sum_of_covalent_radii():
    (rock_salt, *rest) = [phase.structure for phase in fill_systems([frozenset({"Na", "Cl"})], set(), 12)]
    assert rock_salt.lattice.a == pytest.approx(np.sqrt(2) * (1.66 + 1.02))  # a / sqrt 2 of the cubic cell
    assert len(rest) == 2
    assert all(geometry_fault(to_atoms(one), RelaxSettings()) is None for one in [rock_salt, *rest])
