"""The hull against a linear programme and hand-worked binaries."""

import numpy as np
import pytest
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
    above = hull.place(Composition("Na3Cl"), -0.8)  # the tie line NaCl - Na gives -1.0
    assert above.energy_above_hull == pytest.approx(0.2)
    assert above.decomposition_energy == pytest.approx(0.2)
    assert above.products == "0.5 Na + 0.5 NaCl"  # equal shares in alphabetic order
    assert (above.reference_phases, above.incomplete) == (2, False)
    stable = hull.place(Composition("NaCl"), -2.1)
    assert stable.energy_above_hull == 0.0
    assert stable.decomposition_energy == pytest.approx(-2.1 + 0.6)  # to 2/3 Na3Cl (0.9) and 1/3 Cl
    polymorph = hull.place(Composition("NaCl"), -1.9)
    assert polymorph.energy_above_hull == pytest.approx(0.1)
    assert polymorph.decomposition_energy == pytest.approx(-1.9 + 0.6)


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
        assert place.energy_above_hull == pytest.approx(max(expected, 0.0), abs=1e-6)
        others = [p for p in known if p.composition.reduced_formula != crystal.reduced_formula]
        if expected < 0:
            assert place.decomposition_energy == pytest.approx(
                energy - lowest_mixture(others, crystal), abs=1e-4
            )


def test_without_a_competing_compound_there_is_no_number():
    place = ReferenceHull(phases(MgO=-3.0)).place(Composition("NaCl"), -2.0)
    assert place.incomplete
    assert (place.energy_above_hull, place.decomposition_energy, place.reference_phases) == (None, None, 0)


def test_an_element_is_compared_with_its_ground_state():
    place = ReferenceHull([]).place(Composition("Fe2"), 0.1)
    assert (place.energy_above_hull, place.decomposition_energy, place.incomplete) == (0.1, 0.1, False)


def test_chemical_system():
    assert chemical_system(Composition("SrTiO3")) == "O-Sr-Ti"
