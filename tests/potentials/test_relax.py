"""Relaxation with ASE's EMT: known lattice constants, every way to stop."""

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT as AseEMT

from groundstate.potentials.atoms import right_handed
from groundstate.potentials.interface import Potential, find_potential
from groundstate.potentials.relax import evaluate, relax
from groundstate.potentials.settings import RelaxSettings

EMT = find_potential("ase.calculators.emt:EMT", scheme="emt")


def test_copper_finds_its_lattice_constant():
    start = bulk("Cu", a=3.8, cubic=True)
    start.rattle(0.05, seed=1)
    found = relax(EMT, start, RelaxSettings(fmax=0.005))
    assert found.outcome == "converged"
    assert found.energy < found.initial_energy
    assert found.atoms.get_volume() == pytest.approx(
        3.59**3, rel=0.01
    )  # EMT's fcc copper, ASE's documentation
    assert evaluate(EMT, found.atoms).energy == pytest.approx(found.energy, abs=1e-9)
    assert start.get_volume() == pytest.approx(3.8**3)  # the input stays as it was


def test_stress_is_the_derivative_of_the_energy():
    atoms = bulk("Cu", a=3.7, cubic=True)
    stress = evaluate(EMT, atoms).stress
    energies = []
    for sign in (1, -1):
        strained = atoms.copy()
        strained.set_cell(atoms.cell * [[1 + sign * 1e-5], [1], [1]], scale_atoms=True)
        energies.append(evaluate(EMT, strained).energy)
    assert stress[0, 0] == pytest.approx((energies[0] - energies[1]) / 2e-5 / atoms.get_volume(), rel=1e-4)


def left_handed(atoms):
    """The same crystal with two of its cell vectors exchanged."""
    turned = atoms.copy()
    turned.set_cell(atoms.cell.array[[1, 0, 2]])
    return turned


class SignedVolume(Calculator):
    """EMT whose stress is divided by the signed volume of the cell, as some packages do it."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, *arguments, **options):
        super().calculate(atoms, *arguments, **options)
        inner = atoms.copy()
        inner.calc = AseEMT()
        sign = np.sign(np.linalg.det(atoms.cell.array))
        self.results = {"energy": inner.get_potential_energy(), "forces": inner.get_forces()}
        self.results["stress"] = sign * inner.get_stress()


def test_the_hand_of_the_cell_changes_nothing():
    start = bulk("Cu", a=3.8, cubic=True)
    start.rattle(0.05, seed=1)
    potential = Potential("signed", "1", "own", SignedVolume)
    right, left = (relax(potential, atoms, RelaxSettings()) for atoms in (start, left_handed(start)))
    assert right.outcome == left.outcome == "converged"
    assert left.energy == pytest.approx(right.energy, abs=1e-9)
    assert left.steps == right.steps
    assert np.linalg.det(left.atoms.cell.array) > 0
    for one in (evaluate(potential, start), evaluate(potential, left_handed(start))):
        assert one.stress == pytest.approx(evaluate(EMT, start).stress, abs=1e-9)


def test_a_right_handed_cell_is_the_same_crystal():
    start = bulk("Cu", cubic=True)
    turned = right_handed(left_handed(start))
    assert turned.cell.lengths() == pytest.approx(left_handed(start).cell.lengths())
    assert turned.positions == pytest.approx(start.positions)
    assert right_handed(start) is start
    molecule = Atoms("Cu", positions=[[0, 0, 0]])
    assert right_handed(molecule) is molecule


def test_out_of_steps_is_not_converged():
    start = bulk("Cu", a=3.8, cubic=True)
    found = relax(EMT, start, RelaxSettings(max_steps=2))
    assert (found.outcome, found.steps) == ("not_converged", 2)


def test_no_step_is_taken_under_enormous_forces():
    start = bulk("Cu", a=2.2, cubic=True)
    start.rattle(0.2, seed=0)
    found = relax(EMT, start, RelaxSettings(maximum_force=1.0))
    assert (found.outcome, found.steps) == ("not_converged", 0)
    assert found.initial_force > 1.0


def test_a_runaway_cell_is_stopped():
    found = relax(EMT, bulk("Cu", a=2.0, cubic=True), RelaxSettings(fmax=1e-6, maximum_force=1e9))
    assert found.outcome == "runaway"
    assert found.atoms.get_volume() > 4 * 2.0**3


def test_numbers_that_are_not_finite_raise(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parent)
    with pytest.raises(FloatingPointError, match="not finite"):
        evaluate(find_potential("calculators:Infinite"), bulk("Cu"))
