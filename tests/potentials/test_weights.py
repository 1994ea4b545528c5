"""The potentials whose weights come with their packages, against numbers from elsewhere."""

import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule
from ase.units import Hartree
from pymatgen.core import Lattice, Structure

from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import POTENTIALS, find_potential
from groundstate.potentials.pool import Task, calculate
from groundstate.potentials.relax import evaluate, relax
from groundstate.potentials.settings import RelaxSettings

PEROVSKITE = Structure(
    Lattice.cubic(3.945),
    ["Sr", "Ti", "O", "O", "O"],
    [[0.5] * 3, [0] * 3, [0.5, 0, 0], [0, 0.5, 0], [0, 0, 0.5]],
)


def test_known_names_have_a_version_and_a_scheme():
    for name in POTENTIALS:
        potential = find_potential(name)
        assert potential.identity.startswith(f"{name} ")
        assert potential.scheme in ("mp-pbe", "mp2020", "gfn2-xtb")
    with pytest.raises(GroundstateError, match="import path"):
        find_potential("chgnet", {"device": "cpu"})


def test_gfn2_gives_the_energy_of_water():
    """-5.070544 hartree at the GFN2 minimum (xtb 6.4 output in its documentation)."""
    potential = find_potential("gfn2-xtb")
    atoms = molecule("H2O")
    energy = evaluate(potential, atoms).energy
    assert energy / Hartree == pytest.approx(-5.0705, abs=5e-4)
    assert evaluate(potential, atoms).stress is None


@pytest.mark.slow
@pytest.mark.parametrize(("name", "expected"), [("sevennet-0", -3.549), ("chgnet", -3.539)])
def test_strontium_titanate_with_published_elements(name, expected):
    """Numbers measured before this package existed, with the same potentials through plain ASE."""
    potential = find_potential(name)
    found = relax(potential, to_atoms(PEROVSKITE), RelaxSettings())
    assert found.outcome == "converged"
    structure = to_structure(found.atoms)
    energy = corrected_energy(structure, found.energy, potential.scheme)
    formation = formation_energy(structure.composition, energy, mp_element_energies())
    assert formation == pytest.approx(expected, abs=3e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sevennet-0", "chgnet"])
def test_a_left_handed_cell_relaxes_as_the_right_handed_one(name):
    """CHGNet 0.4.2 gives the stress of a left-handed cell the wrong sign: rock salt collapsed."""
    cell = np.array([[0, 2.82, 2.82], [2.82, 0, 2.82], [2.82, 2.82, 0]])
    salts = [
        Atoms("NaCl", cell=vectors, scaled_positions=[[0] * 3, [0.5] * 3], pbc=True)
        for vectors in (cell, cell[[1, 0, 2]])
    ]
    right, left = (relax(find_potential(name), salt, RelaxSettings()) for salt in salts)
    assert right.outcome == left.outcome == "converged"
    assert left.energy == pytest.approx(right.energy, abs=1e-4)
    assert left.atoms.get_volume() == pytest.approx(right.atoms.get_volume(), rel=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["sevennet-0", "chgnet"])
def test_an_isolated_atom_and_an_unknown_element_never_pass_as_converged_and_low(name):
    potential = find_potential(name)
    alone = Atoms("Fe", cell=np.eye(3) * 14, pbc=True)
    result = calculate(potential, Task("", "relax", alone), RelaxSettings())
    if result["outcome"] != "failed":
        assert result["energy"] > mp_element_energies()["Fe"] + 1.0
    unknown = Atoms("Rn2", cell=np.eye(3) * 6, pbc=True, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]])
    if name == "sevennet-0":
        assert calculate(potential, Task("", "single", unknown), RelaxSettings())["outcome"] == "failed"
