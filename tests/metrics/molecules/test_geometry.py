"""Metrics that know the molecule: RMSD, internal coordinates, symmetry, connectivity, strain."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers
from scipy.spatial.transform import Rotation

from groundstate.metrics.molecules.connectivity import connectivity_match
from groundstate.metrics.molecules.distances import distance_errors
from groundstate.metrics.molecules.internal_coordinates import (
    bond_angles,
    internal_coordinates,
    internal_errors,
    torsion_angles,
)
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.metrics.molecules.strain import mmff_strain
from groundstate.metrics.molecules.symmetry import rotation_onto, symmetric_distance_errors


def embedded(smiles: str, seed: int = 1) -> tuple[Chem.Mol, np.ndarray]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
    rdForceFieldHelpers.MMFFOptimizeMolecule(mol)
    return mol, mol.GetConformer().GetPositions()


def moved(positions: np.ndarray) -> np.ndarray:
    return Rotation.random(random_state=3).apply(positions) + np.array([5, -1, 2])


# -- RMSD ------------------------------------------------------------------------------------------


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


# -- internal coordinates --------------------------------------------------------------------------


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


# -- symmetry --------------------------------------------------------------------------------------


def test_rotation_is_proper_and_found():
    points = np.random.default_rng(0).normal(size=(8, 3))
    points -= points.mean(0)
    turn = Rotation.random(random_state=0).as_matrix()
    np.testing.assert_allclose(rotation_onto(points, points @ turn), turn, atol=1e-12)
    assert np.linalg.det(rotation_onto(points, points * [1, 1, -1])) == pytest.approx(1)


@pytest.mark.parametrize("smiles", ["CC", "CC(C)(C)O", "FC(F)(F)CO", "c1ccccc1", "C", "NCC(=O)O"])
def test_renumbered_equivalent_atoms_cost_nothing(smiles):
    mol, positions = embedded(smiles)
    maps = mol.GetSubstructMatches(mol, uniquify=False, maxMatches=5000)
    rng = np.random.default_rng(0)
    for k in rng.choice(len(maps), 5):
        # a map that a rotation can follow: compare with a renumbered copy of the same geometry
        order = list(maps[k])
        errors = symmetric_distance_errors(mol, moved(positions)[order], positions)
        raw = distance_errors(positions[order], positions)
        assert errors.absolute <= raw.absolute + 1e-9
        assert errors.absolute / errors.pairs < 0.02


def test_symmetric_errors_never_exceed_plain_ones_and_keep_real_ones():
    mol, positions = embedded("CC(C)CO")
    rng = np.random.default_rng(0)
    for scale in (0.01, 0.1, 0.5):
        noisy = positions + rng.normal(scale=scale, size=positions.shape)
        assert symmetric_distance_errors(mol, noisy, positions).absolute > 0
        assert (
            symmetric_distance_errors(mol, noisy, positions).absolute
            <= distance_errors(noisy, positions).absolute + 1e-9
        )
    other, elsewhere = embedded("CCC(C)O"), embedded("CCCCO")
    assert other[0].GetNumAtoms() == elsewhere[0].GetNumAtoms()


# -- connectivity and strain -----------------------------------------------------------------------


def test_connectivity_sees_broken_and_extra_bonds():
    mol, positions = embedded("CCO")
    assert connectivity_match(mol, moved(positions))
    assert not connectivity_match(mol, positions * 1.4)
    assert not connectivity_match(mol, positions * 0.6)


def test_strain_is_zero_at_the_minimum_and_grows_with_noise():
    mol, positions = embedded("CCO")
    assert mmff_strain(mol, positions) == pytest.approx(0, abs=0.01)
    stretched = positions.copy()
    stretched[-1] += 0.2 * (positions[-1] - positions[2])
    assert mmff_strain(mol, stretched) > 5
    assert mmff_strain(mol, moved(stretched)) == pytest.approx(mmff_strain(mol, stretched), abs=0.01)
    assert mmff_strain(Chem.RemoveHs(mol), positions[:3]) is None
    assert mmff_strain(*embedded_uff("CB(O)O")) is None
    mol, positions = embedded("CC#CC=O")
    assert mmff_strain(mol, positions * [1, 0, 0]) is None  # on a line, where RDKit's line search gives up


def embedded_uff(smiles: str) -> tuple[Chem.Mol, np.ndarray]:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return mol, mol.GetConformer().GetPositions()
