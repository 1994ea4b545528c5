"""Rows on the hull of their set: polymorphs, incomplete systems, estimates."""

import pytest
from pymatgen.core import Composition

from groundstate.potentials.interface import MP_CORRECTED, find_potential
from groundstate.stability.placing import hull_label, place_rows
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import place_references
from groundstate.stability.rows import StabilityRow, is_stable
from stability.made import row

POTENTIAL = find_potential("ase.calculators.emt:EMT", scheme=MP_CORRECTED)
SYSTEMS = [frozenset({"Ga", "N"}), frozenset({"Li", "P"})]
REFERENCES = place_references([], {}, ReferenceInputs(), SYSTEMS, POTENTIAL)


def crystal(name, formula, formation, outcome="converged", initial=None):
    system = "-".join(sorted(e.symbol for e in Composition(formula)))
    return StabilityRow(
        name,
        formula,
        4,
        system,
        outcome,
        formation_energy_per_atom=formation,
        initial_formation_energy_per_atom=initial,
    )


def test_two_polymorphs_lie_apart_by_exactly_their_difference():
    low, high = place_rows([crystal("a", "GaN", -0.70), crystal("b", "GaN", -0.36)], REFERENCES, -6)
    assert (low.energy_above_hull, low.hull) == (0.0, "complete")
    assert high.energy_above_hull == pytest.approx(0.34, abs=1e-12)
    assert (high.decomposition_products, high.decomposition_phases) == ("GaN (a)", "a")
    assert low.decomposition_energy == pytest.approx(-0.70 + 0.65684)  # to the published wurtzite
    assert low.energy_above_references == low.decomposition_energy
    assert high.energy_above_references == pytest.approx(-0.36 + 0.65684)  # the set does not compete there
    assert low.decomposition_products == "GaN (mp-804)"
    assert is_stable(low, 0.0)


def test_only_converged_crystals_compete():
    rows = [
        crystal("a", "GaN", -0.9, "not_converged"),
        crystal("b", "GaN", -0.7),
        crystal("c", "GaN", -5, "collapsed"),
    ]
    unfinished, finished, collapsed = place_rows(rows, REFERENCES, -6)
    assert finished.energy_above_hull == 0.0
    assert unfinished.energy_above_hull == 0.0
    assert collapsed.energy_above_hull is None


def test_before_relaxing_the_starts_compete():
    first, second = place_rows(
        [crystal("a", "GaN", -0.7, initial=0.4), crystal("b", "GaN", -0.7, initial=-0.7)], REFERENCES, -6
    )
    assert second.initial_energy_above_hull == 0.0
    assert first.initial_energy_above_hull == pytest.approx(1.1)
    (hole,) = place_rows([crystal("c", "GaN", -0.5, initial=-900.0)], REFERENCES, -6)
    assert hole.initial_energy_above_hull is None


def test_on_an_incomplete_hull_nothing_is_stable_and_the_estimate_stands_beside():
    (found,) = place_rows([crystal("a", "Li3P", -1.5)], REFERENCES, -6)
    assert found.hull == "lower bound: 4 stable phases without energy (Li3P, Li3P7, LiP, LiP7)"
    assert found.hull_incomplete
    assert found.energy_above_hull == 0.0
    assert not is_stable(found, 10.0)
    (poor,) = place_rows([crystal("a", "Li3P", -0.1)], REFERENCES, -6)
    assert poor.estimated_energy_above_hull > poor.energy_above_hull


def test_crystals_without_an_energy_keep_their_reason():
    (lost,) = place_rows([row("a", "failed", None, None)], REFERENCES, -6)
    assert lost.energy_above_hull is None


def test_a_long_list_of_missing_phases_is_cut():
    many = REFERENCES.missing(Composition("LiP")) * 4
    assert hull_label(many).endswith("and 4 more)")
    assert "Li3P mp-736" in hull_label(many)
    assert hull_label(many[:1]) == "lower bound: 1 stable phase without energy (Li3P)"
