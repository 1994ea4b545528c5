"""Bond lengths, angles and torsions by hand and against RDKit."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.metrics.molecules.internal_coordinates import (
    bond_angles,
    internal_coordinates,
    internal_errors,
    torsion_angles,
)
from metrics.molecules.made import embedded, moved


def test_counts_of_internal_coordinates():
    ethane = internal_coordinates(Chem.AddHs(Chem.MolFromSmiles("CC")))
    assert [len(table) for table in ethane] == [7, 12, 9]
    # three-membered ring: three bonds, three angles, no torsion back to its own start
    ring = internal_coordinates(Chem.MolFromSmiles("C1CC1"))
    assert [len(table) for table in ring] == [3, 3, 0]


def test_angles_by_hand_and_against_rdkit():
    points = np.array([[1.0, 0, 0], [0, 0, 0], [0, 1, 0], [0, 1, 1]])
    assert bond_angles(points, np.array([[0, 1, 2]])) == pytest.approx([90])
    assert np.abs(torsion_angles(points, np.array([[0, 1, 2, 3]]))) == pytest.approx([90])
    mol, positions = embedded("CCOC(=O)N")
    tables = internal_coordinates(mol)
    conformer = mol.GetConformer()
    from rdkit.Chem import rdMolTransforms as transforms

    expected = [transforms.GetDihedralDeg(conformer, *map(int, row)) for row in tables.torsions]
    difference = torsion_angles(positions, tables.torsions) - expected
    np.testing.assert_allclose((difference + 180) % 360 - 180, 0, atol=1e-6)


def test_straight_torsions_are_left_out_and_turns_wrap():
    mol, positions = embedded("CC#CC")
    tables = internal_coordinates(mol)
    errors = internal_errors(tables, positions, positions)
    assert errors.torsions == 0 and len(tables.torsions) > 0
    mol = Chem.MolFromSmiles("CCCC")
    tables = internal_coordinates(mol)

    def butane(degrees):
        turn = np.radians(degrees)
        return np.array([[0, 1, 0], [0, 0, 0], [1, 0, 0], [1, np.cos(turn), np.sin(turn)]], float)

    errors = internal_errors(tables, butane(175), butane(-175))
    assert errors.torsion == pytest.approx(10) and errors.torsions == 1
    assert errors.bond == pytest.approx(0, abs=1e-9) and errors.angle == pytest.approx(0, abs=1e-5)


def test_internal_errors_ignore_motion_but_torsions_see_the_mirror():
    mol, positions = embedded("C[C@H](O)CF")
    tables = internal_coordinates(mol)
    assert internal_errors(tables, moved(positions), positions)[::2] == pytest.approx((0, 0, 0), abs=1e-6)
    mirror = internal_errors(tables, positions * [1, 1, -1], positions)
    assert mirror.bond == pytest.approx(0, abs=1e-9) and mirror.torsion > 100
