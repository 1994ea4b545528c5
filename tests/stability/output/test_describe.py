"""The label of a hull: whole, or which systems are not and what they miss."""

from groundstate.potentials.interface import MP_CORRECTED, find_potential
from groundstate.stability.output.describe import describe_hull
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import place_references
from groundstate.stability.rows import StabilityRow

POTENTIAL = find_potential("ase.calculators.emt:EMT", scheme=MP_CORRECTED)
SALT = StabilityRow("a", "NaCl", 2, "Cl-Na", "converged")
PHOSPHIDE = StabilityRow("b", "LiP", 2, "Li-P", "failed")
LEFT_OUT = StabilityRow("c", "GaN", 2, "Ga-N")


def described(*rows, **settings):
    inputs = ReferenceInputs(**settings)
    systems = [frozenset(row.system.split("-")) for row in rows]
    return describe_hull(rows, place_references([], {}, inputs, systems, POTENTIAL), inputs, POTENTIAL)


def test_a_whole_hull():
    about = described(SALT, LEFT_OUT)
    assert (about["label"], about["incomplete_systems"]) == ("complete", {})
    assert about["phases_per_system"] == {"Cl-Na": 3}
    assert "CC BY 4.0" in about["shipped_source"]


def test_a_hull_that_is_not_whole_names_what_it_misses():
    about = described(SALT, PHOSPHIDE)
    assert about["label"] == "complete in 1 of 2 chemical systems"
    assert about["incomplete_systems"]["Li-P"].startswith(
        "lower bound: 4 stable phases without energy (Li3P,"
    )
    assert about["phases_shipped"] >= 3


def test_without_shipped_energies_the_hull_of_salt_misses_it():
    about = described(SALT, shipped=False)
    assert about["incomplete_systems"] == {"Cl-Na": "lower bound: 1 stable phase without energy (NaCl)"}
    assert about["phases_shipped"] == 0
