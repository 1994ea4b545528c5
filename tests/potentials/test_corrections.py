"""MP2020 corrections and formation energies against hand-worked and tabulated numbers."""

import pytest
from pymatgen.core import Composition, Lattice, Structure

from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import MP_CORRECTED, MP_RAW


def test_the_shipped_elements_are_the_published_ones():
    energies = mp_element_energies()
    assert len(energies) == 89
    published = {"O": -4.9479, "Cl": -1.8485, "F": -1.9115, "N": -8.3365, "Li": -1.9089, "Fe": -8.47}
    assert {s: round(energies[s], 4) for s in published} == pytest.approx(published, abs=2e-4)


def test_an_oxide_gets_the_oxide_correction_once_a_peroxide_its_own():
    """Wang et al. 2021, table 1: -0.687 eV per oxide oxygen, -0.465 per peroxide oxygen."""
    oxide = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert corrected_energy(oxide, 0.0, MP_RAW) == pytest.approx(-0.687 * 4, abs=2e-3)
    pair = Structure(
        Lattice.cubic(5), ["Li", "Li", "O", "O"], [[0, 0, 0.5], [0, 0.5, 0], [0, 0, 0], [0.29, 0, 0]]
    )
    assert corrected_energy(pair, 0.0, MP_RAW) == pytest.approx(-0.465 * 2, abs=2e-3)


def test_hubbard_metals_are_corrected_with_oxygen_only():
    iron_oxide = Structure(Lattice.cubic(4.3), ["Fe", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert corrected_energy(iron_oxide, 0.0, MP_RAW) == pytest.approx(-0.687 - 2.256, abs=2e-3)
    sulfide = Structure(Lattice.cubic(5), ["Fe", "S"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert corrected_energy(sulfide, 0.0, MP_RAW) == pytest.approx(-0.503, abs=2e-3)


def test_corrected_and_foreign_schemes_stay():
    oxide = Structure(Lattice.cubic(4.2), ["Mg", "O"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert corrected_energy(oxide, -1.5, MP_CORRECTED) == -1.5
    assert corrected_energy(oxide, -1.5, "gfn2-xtb") == -1.5


def test_formation_energy_by_hand():
    assert formation_energy(Composition("Li2O"), -10.0, {"Li": -2.0, "O": -5.0}) == pytest.approx(-1 / 3)
    assert formation_energy(Composition("Li2O"), -10.0, {"Li": -2.0}) is None
