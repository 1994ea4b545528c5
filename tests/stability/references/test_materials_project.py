"""The shipped table rebuilds the published hulls, and knows which of its systems are whole."""

import pytest
from pymatgen.core import Composition

from groundstate.stability.references.hull import Phase, ReferenceHull
from groundstate.stability.references.materials_project import listed_phase, listed_phases

# energy above hull (eV/atom) as the Materials Project published it in 2024, by the phase's id
PUBLISHED = {
    "Ga-N": {"mp-804": 0.0},
    "Cl-Na": {"mp-22862": 0.0, "mp-1189265": 0.0, "mp-1080771": 0.0},
    "O-Zn": {"mp-2133": 0.0, "mp-1093993": 0.02312},
    "Bi-Te": {
        "mp-34202": 0.0,
        "mp-28229": 0.0,
        "mp-568390": 0.2496,
        "mp-23224": 0.0018,
        "mp-1227305": 0.35627,
    },
    "Cs-I-Pb": {"mp-1238804": 0.0, "mp-540839": 0.0, "mp-1120768": 0.01582},
    "Al-Mg-O": {"mp-3536": 0.0, "mp-34144": 0.00999, "mp-757911": 0.02099, "mp-1024039": 0.33407},
    "Co-Li-O": {"mp-22526": 0.0, "mp-18925": 0.0, "mp-1173879": 0.0, "mp-774082": 0.0, "mp-771155": 0.00391},
    "Ca-F": {"mp-2741": 0.0, "mp-10464": 0.05216},
    "Cd-Te": {"mp-406": 0.0, "mp-12779": 0.00594, "mp-1183651": 0.30939},
}


@pytest.mark.parametrize("system", PUBLISHED)
def test_published_hull_distances_come_back(system):
    listed = listed_phases(system.split("-"))
    assert all(phase.kind == "computed" for phase in listed if phase.stable)  # the system is whole
    energies = {phase.id: phase for phase in listed if phase.kind == "computed"}
    phases = [Phase(p.id, p.composition, p.formation_energy) for p in energies.values()]
    for name, published in PUBLISHED[system].items():
        hull = ReferenceHull([phase for phase in phases if phase.id != name])
        place = hull.place(energies[name].composition, energies[name].formation_energy)
        assert place.energy_above_hull == pytest.approx(published, abs=2e-3), name


def test_systems_that_miss_a_stable_phase_name_it():
    absent = [p.formula for p in listed_phases(["Li", "Fe", "P", "O"]) if p.stable and p.kind != "computed"]
    assert sorted(absent) == ["Li3P", "Li3P7", "LiP", "LiP7", "P2O5"]
    titanium = {p.formula for p in listed_phases(["Ti", "O"]) if p.stable and p.kind != "computed"}
    assert titanium == {"Ti4O7", "Ti5O9", "Ti6O11"}


def test_estimates_are_labelled_and_what_has_no_energy_has_none():
    estimated = listed_phase("mp-736")
    assert (estimated.formula, estimated.kind, estimated.stable) == ("Li3P", "estimated", True)
    assert -1.0 < estimated.formation_energy < 0.0
    assert listed_phase("mp-0") is None


def test_a_system_holds_its_subsystems_and_no_elements():
    names = {phase.id for phase in listed_phases(["Na", "Cl", "Ga", "N"])}
    assert {"mp-804", "mp-22862"} <= names
    assert all(len(phase.composition) > 1 for phase in listed_phases(["Fe", "O"]))
    assert listed_phases(["Fe"]) == []
    many = [e.symbol for e in Composition("LiNaKRbCsMgCaSrBaAlGaInFNO")]
    few = {phase.id for phase in listed_phases(["Na", "Ga", "N"])}
    assert few <= {phase.id for phase in listed_phases(many)}  # more elements than subsets are tried for
