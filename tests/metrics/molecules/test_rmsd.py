"""RMSD over rotations and symmetry maps of the heavy atoms."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.metrics.molecules.rmsd import heavy_rmsd
from metrics.molecules.made import embedded, moved


def test_rmsd_ignores_motion_hydrogens_and_symmetric_numbering_but_not_the_hand():
    mol, positions = embedded("C[C@H](O)C(F)(F)F")
    assert heavy_rmsd(mol, moved(positions), positions) == pytest.approx(0, abs=1e-5)
    swapped = positions.copy()
    swapped[[4, 5, 6]] = positions[[5, 6, 4]]  # the three fluorines
    assert heavy_rmsd(mol, swapped, positions) == pytest.approx(0, abs=1e-5)
    shaken = positions.copy()
    shaken[7:] += 0.7  # hydrogens
    assert heavy_rmsd(mol, shaken, positions) == pytest.approx(0, abs=1e-5)
    assert heavy_rmsd(mol, positions * [1, 1, -1], positions) > 0.2


def test_rmsd_of_two_atoms_by_hand():
    # bond 1.5 against 1.3, centred: each atom is 0.1 off
    mol = Chem.MolFromSmiles("CO")
    pair = np.array([[0.0, 0, 0], [1.5, 0, 0]])
    assert heavy_rmsd(mol, pair, np.array([[0.0, 0, 0], [0, 1.3, 0]])) == pytest.approx(0.1)


def test_rmsd_of_a_molecule_with_many_symmetries_is_bounded_in_time():
    mol, positions = embedded("FC(F)(F)C(C(F)(F)F)(C(F)(F)F)C(F)(F)F")
    assert heavy_rmsd(mol, moved(positions), positions) == pytest.approx(0, abs=1e-4)
