"""Distance errors after renumbering equivalent atoms."""

import numpy as np
import pytest
from scipy.spatial.transform import Rotation

from groundstate.metrics.molecules.distances import distance_errors
from groundstate.metrics.molecules.symmetry import rotation_onto, symmetric_distance_errors
from metrics.molecules.made import embedded, moved


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
