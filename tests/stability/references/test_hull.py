"""The hull against pymatgen's, another linear programme, and hand-worked binaries."""

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition
from scipy.optimize import linprog

from groundstate.stability.references.hull import Phase, ReferenceHull, chemical_system


def phases(**energies):
    return [Phase(formula, Composition(formula), energy) for formula, energy in energies.items()]


def lowest_mixture(phases, composition):
    """Energy per atom of the cheapest mixture of phases and elements with this composition."""
    elements = list(composition)
    columns = [*phases, *(Phase(e.symbol, Composition({e: 1}), 0.0) for e in elements)]
    usable = [c for c in columns if set(c.composition) <= set(elements)]
    matrix = np.array([[c.composition.get_atomic_fraction(e) for c in usable] for e in elements])
    target = [composition.get_atomic_fraction(e) for e in elements]
    return linprog([c.formation_energy for c in usable], A_eq=matrix, b_eq=target).fun


def test_binary_by_hand():
    hull = ReferenceHull(phases(NaCl=-2.0, Na3Cl=-0.9))
    above = hull.place(Composition("Na3Cl"), -0.8)  # the polymorph at -0.9, which the tie line has at -1.0
    assert above.energy_above_hull == pytest.approx(0.2)
    assert above.decomposition_energy == pytest.approx(0.2)
    assert (above.products, above.phases) == ("2 Na + NaCl", "Na + NaCl")
    assert above.reference_phases == 2
    stable = hull.place(Composition("NaCl"), -2.1)
    assert stable.energy_above_hull == 0.0
    assert stable.decomposition_energy == pytest.approx(-0.1)  # against the polymorph
    polymorph = hull.place(Composition("NaCl"), -1.9)
    assert polymorph.energy_above_hull == polymorph.decomposition_energy == pytest.approx(0.1)
    assert polymorph.products == "NaCl (NaCl)"


@pytest.mark.parametrize(
    ("formula", "known", "products"),
    [
        ("SrTiO3", {"SrO": -3.0, "TiO2": -3.3}, "SrO + TiO2"),
        ("NaO", {"Na2O": -1.4}, "Na2O + 0.5 O2"),  # the formula unit of peroxides is Na2O2
        ("Fe3O4", {"FeO": -1.6, "Fe2O3": -1.7}, "Fe2O3 + FeO"),
        ("LiH", {}, "Li + 0.5 H2"),
    ],
)
def test_products_are_moles_of_formula_units(formula, known, products):
    assert ReferenceHull(phases(**known)).place(Composition(formula), 0.1).products == products


def test_polymorphs_of_a_set_differ_by_exactly_their_energies():
    pair = [Phase("low", Composition("GaN"), -0.64), Phase("high", Composition("GaN"), -0.30)]
    hull = ReferenceHull(phases(GaN=-0.1)).with_members(pair)
    low, high = (hull.place(phase.composition, phase.formation_energy, phase.id) for phase in pair)
    assert (low.energy_above_hull, high.energy_above_hull) == (0.0, 0.34)
    assert low.decomposition_energy == pytest.approx(-0.34)  # to the other of the set
    assert high.products == "GaN (low)"
    assert low.reference_phases == high.reference_phases == 1
    other = hull.place(Composition("GaN"), -0.30, "not in the set")
    assert other.energy_above_hull == 0.34


def test_a_member_with_the_id_of_a_reference_competes_with_it():
    member = Phase("NaCl", Composition("NaCl"), -1.5)
    hull = ReferenceHull(phases(NaCl=-2.0)).with_members([member])
    assert hull.place(member.composition, -1.5, "NaCl").energy_above_hull == 0.5


def test_random_quaternaries_agree_with_the_convex_hull_of_pymatgen():
    generator = np.random.default_rng(1)
    formulas = ["LiO", "Li2O", "LiFe", "FeO", "Fe2O3", "LiFeO2", "FeP", "Li3P", "P2O5", "LiFePO4", "FePO4"]
    for _ in range(10):
        chosen = phases(**dict(zip(formulas, -2 * generator.random(len(formulas)), strict=True)))
        crystal = Composition(
            dict(zip(["Li", "Fe", "P", "O"], generator.integers(1, 5, 4).tolist(), strict=True))
        )
        energy = -1.5 * generator.random()
        entries = [PDEntry(p.composition, p.formation_energy * p.composition.num_atoms) for p in chosen]
        entries += [PDEntry(Composition(symbol), 0.0) for symbol in ["Li", "Fe", "P", "O"]]
        expected = energy - PhaseDiagram(entries).get_hull_energy_per_atom(crystal)
        place = ReferenceHull(chosen).place(crystal, energy)
        assert place.decomposition_energy == pytest.approx(expected, abs=1e-8)


def test_random_ternaries_agree_with_a_linear_programme():
    generator = np.random.default_rng(0)
    formulas = ["LiO", "Li2O", "LiFe", "FeO", "Fe2O3", "LiFeO2", "Li2FeO3", "Li5FeO4"]
    for _ in range(25):
        known = phases(**dict(zip(formulas, -2 * generator.random(len(formulas)), strict=True)))
        crystal = Composition(
            {"Li": int(generator.integers(1, 4)), "Fe": 1, "O": int(generator.integers(1, 5))}
        )
        energy = -2.5 * generator.random()
        place = ReferenceHull(known).place(crystal, energy)
        expected = energy - lowest_mixture(known, crystal)
        assert place.energy_above_hull == pytest.approx(max(expected, 0.0), abs=1e-9)
        assert place.decomposition_energy == pytest.approx(expected, abs=1e-9)


def test_without_a_competing_compound_the_elements_compete():
    place = ReferenceHull(phases(MgO=-3.0)).place(Composition("NaCl"), -2.0)
    assert (place.energy_above_hull, place.decomposition_energy, place.reference_phases) == (0.0, -2.0, 0)
    assert place.products == "Na + 0.5 Cl2"


def test_an_element_is_compared_with_its_ground_state():
    place = ReferenceHull([]).place(Composition("Fe2"), 0.1)
    assert (place.energy_above_hull, place.decomposition_energy, place.products) == (0.1, 0.1, "Fe")


def test_chemical_system():
    assert chemical_system(Composition("SrTiO3")) == "O-Sr-Ti"
