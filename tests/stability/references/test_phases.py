"""Which phases compete, with whose energy, and what a system still misses."""

import pytest
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.calculations import Job
from groundstate.potentials.corrections import mp_element_energies
from groundstate.potentials.interface import MP_CORRECTED, find_potential
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import place_references

CORRECTED = find_potential("ase.calculators.emt:EMT", scheme=MP_CORRECTED)
OWN = find_potential("ase.calculators.emt:EMT", scheme="mine")


def rock_salt(name, *symbols):
    return NamedStructure(
        name, Structure.from_spacegroup(225, Lattice.cubic(5), symbols, [[0] * 3, [0.5] * 3])
    )


def results(**energies):
    return {name: {"outcome": "single", "energy": energy} for name, energy in energies.items()}


def placed(inputs, *systems, potential=CORRECTED, **energies):
    phases = [phase for phase in inputs.phases if phase.id in energies]
    return place_references(
        phases, results(**energies), inputs, [frozenset(s.split()) for s in systems], potential
    )


def test_a_listed_phase_is_not_computed_and_its_energy_is_the_published_one():
    inputs = ReferenceInputs([rock_salt("mp-22862", "Na", "Cl"), rock_salt("mine", "Na", "Cl")])
    assert [phase.id for phase in inputs.without_energy(MP_CORRECTED)] == ["mine"]
    assert [phase.id for phase in inputs.without_energy("mine")] == ["mp-22862", "mine"]
    assert list(inputs.jobs(MP_CORRECTED)) == [Job("single", "phase/mine")]
    references = placed(inputs, "Na Cl")
    (salt,) = [phase for phase in references.hull.phases if phase.id == "mp-22862"]
    assert salt.formation_energy == pytest.approx(-2.10961)
    assert references.shipped == 3


def test_an_id_that_belongs_to_another_formula_is_computed():
    inputs = ReferenceInputs([rock_salt("mp-22862", "K", "Cl")])
    assert [phase.id for phase in inputs.without_energy(MP_CORRECTED)] == ["mp-22862"]


def test_a_missing_phase_whose_structure_is_at_hand_completes_its_hull():
    """mp-736 (Li3P) has only an estimate; the rock salt here stands in for its structure."""
    lithium = Composition("Li3P")
    before = placed(ReferenceInputs(), "Li P")
    assert [phase.formula for phase in before.missing(lithium)] == ["Li3P", "Li3P7", "LiP", "LiP7"]
    assert [phase.id for phase in before.estimated(lithium)] == ["mp-736", "mp-28336", "mp-9588", "mp-27687"]
    assert not {phase.id for phase in before.hull.phases} & {"mp-736", "mp-9588"}  # never counted as known
    structure = Structure(
        Lattice.cubic(6), ["Li"] * 3 + ["P"], [[0, 0, 0.5], [0, 0.5, 0], [0.5, 0, 0], [0] * 3]
    )
    inputs = ReferenceInputs([NamedStructure("records.csv:mp-736", structure)])
    after = placed(inputs, "Li P", **{"records.csv:mp-736": -14.0})
    assert [phase.formula for phase in after.missing(lithium)] == ["Li3P7", "LiP", "LiP7"]


def test_entries_stand_before_shipped_energies_and_complete_a_hull():
    elements = mp_element_energies()
    entry = ComputedEntry("Li3P", 3 * elements["Li"] + elements["P"] - 4 * 0.9, entry_id="mp-736-GGA")
    references = placed(ReferenceInputs(entries=[entry]), "Li P")
    assert "Li3P" not in [phase.formula for phase in references.missing(Composition("Li3P"))]
    salt = ComputedEntry("NaCl", elements["Na"] + elements["Cl"] - 2 * 2.5, entry_id="mp-22862")
    hull = placed(ReferenceInputs(entries=[salt]), "Na Cl").hull
    energies = [
        phase.formation_energy for phase in hull.phases if phase.composition.reduced_formula == "NaCl"
    ]
    assert energies == [pytest.approx(-2.5)]


def test_another_scheme_gets_no_shipped_energy_and_misses_every_listed_phase():
    inputs = ReferenceInputs(
        [rock_salt("mp-22862", "Na", "Cl"), rock_salt("Na", "Na", "Na"), rock_salt("Cl", "Cl", "Cl")]
    )
    energies = {"mp-22862": -40.0, "Na": -8.0, "Cl": -16.0}
    references = placed(inputs, "Na Cl", "Ga N", potential=OWN, **energies)
    assert references.shipped == 0
    assert references.missing(Composition("NaCl")) == []
    assert [phase.id for phase in references.missing(Composition("GaN"))] == ["mp-804"]
    whole = placed(ReferenceInputs(whole=True), "Ga N", potential=OWN)
    assert whole.missing(Composition("GaN")) == []


def test_without_the_shipped_energies_only_those_of_the_user_compete():
    references = placed(ReferenceInputs(shipped=False), "Na Cl")
    assert references.hull.phases == []
    assert [phase.formula for phase in references.missing(Composition("NaCl"))] == ["NaCl"]
