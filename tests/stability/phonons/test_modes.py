"""Frequencies against a monatomic chain of springs by hand, and against ASE's own finite displacements."""

import builtins

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.calculator import Calculator
from ase.calculators.emt import EMT
from ase.phonons import Phonons
from ase.units import _amu, _e

from groundstate.errors import GroundstateError
from groundstate.stability.phonons.modes import (
    FiniteDisplacements,
    Modes,
    primitive_cell,
    repeats,
    require_phonopy,
)

TO_THZ = np.sqrt(_e / 1e-20 / _amu) / (2 * np.pi) * 1e-12  # of sqrt(eV / angstrom^2 / amu)


class Springs(Calculator):
    """Neighbours of a simple cubic lattice of spacing ``a`` joined by springs: each axis moves for itself."""

    implemented_properties = ("energy", "forces")

    def __init__(self, a, constant):
        super().__init__()
        self.a, self.constant = a, constant

    def calculate(self, atoms=None, properties=(), system_changes=()):
        lengths = atoms.cell.lengths()
        at = np.round(atoms.positions / self.a).astype(int)
        shift = atoms.positions - at * self.a
        moved = np.zeros((*np.round(lengths / self.a).astype(int), 3))
        moved[tuple(at.T)] = shift
        force = sum(np.roll(moved, step, axis) - moved for axis in range(3) for step in (1, -1))
        self.results = {"energy": 0.0, "forces": self.constant * force[tuple(at.T)]}


def modes(atoms, multiples, calculator):
    plan = FiniteDisplacements(atoms, multiples, 0.03)
    forces = []
    for supercell in plan.supercells:
        supercell.calc = calculator
        forces.append(supercell.get_forces())
    return plan.modes(forces)


def test_a_lattice_of_springs_has_the_frequencies_of_the_book():
    atoms = Atoms("Cu", cell=np.eye(3) * 2.5, pbc=True)
    found = modes(atoms, (4, 4, 4), Springs(2.5, 3.0)).frequencies
    points = np.array(list(np.ndindex(4, 4, 4))) / 4
    squares = 2 * 3.0 / atoms.get_masses()[0] * (1 - np.cos(2 * np.pi * points)).sum(axis=1)
    assert np.allclose(found, TO_THZ * np.sqrt(squares)[:, None], atol=1e-4)
    assert modes(atoms, (2, 2, 2), Springs(2.5, -3.0)).imaginary == 3 * 7  # all but Gamma


@pytest.mark.parametrize(("structure", "a", "stable"), [("fcc", 3.59, True), ("bcc", 2.86, False)])
def test_copper_agrees_with_ase(tmp_path, structure, a, stable):
    atoms = bulk("Cu", structure, a=a)
    ours = modes(atoms, (4, 4, 4), EMT())
    theirs = Phonons(atoms, EMT(), supercell=(4, 4, 4), delta=0.03, name=str(tmp_path / "ase"))
    theirs.run()
    theirs.read(acoustic=True)
    points = np.array(list(np.ndindex(4, 4, 4))) / 4
    energies = theirs.band_structure(points)  # eV, negative where imaginary
    thz = np.real(energies) * _e / 6.62607015e-34 * 1e-12
    assert np.allclose(ours.frequencies, np.sort(thz, axis=1), atol=0.05)
    assert (ours.imaginary == 0) is stable
    assert (ours.lowest < -0.5) is not stable
    assert np.abs(ours.frequencies[0]).max() < 1e-4  # the acoustic sum rule


def test_a_weakly_imaginary_mode_does_not_count():
    assert Modes(np.array([[-0.09, 0.0, 1.0], [-0.11, -5.0, 2.0]])).imaginary == 2


def test_the_primitive_cell_is_the_reduced_one_and_supercells_are_even():
    cubic = bulk("Cu", cubic=True, a=3.6)
    cubic.rattle(0.001, seed=1)
    primitive = primitive_cell(cubic)
    assert len(primitive) == 1 and np.allclose(primitive.cell.lengths(), 3.6 / np.sqrt(2), atol=1e-2)
    assert repeats(primitive, 10.0) == (4, 4, 4)
    assert repeats(bulk("NaCl", "rocksalt", a=5.69), 10.0) == (2, 2, 2)
    assert repeats(Atoms("Cu", cell=[2.5, 4.0, 30.0], pbc=True), 10.0) == (4, 2, 2)


def test_without_phonopy_it_says_what_to_install(monkeypatch):
    load = builtins.__import__

    def refuse(name, *arguments):
        if name == "phonopy":
            raise ImportError(name)
        return load(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)
    with pytest.raises(GroundstateError, match=r"pip install 'groundstate\[phonons\]'"):
        require_phonopy()
