"""Validity and Validity3D on tables worked out by hand; the measure with a scale."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist

from groundstate.metrics.molecules.embeddability import embeddability, gram_eigenvalues, is_valid, is_valid_3d

TETRAHEDRON = np.ones((4, 4)) - np.eye(4)
SIMPLEX = np.ones((5, 5)) - np.eye(5)  # five points at equal distances need four dimensions
TRIANGLE = np.array([[0.0, 1, 1], [1, 0, 3], [1, 3, 0]])  # 1 + 1 < 3: no such triangle


def test_simplices_by_hand():
    # Gram of the unit tetrahedron from one corner: 1 on the diagonal, 1/2 beside it: 1/2, 1/2, 2, and 0
    np.testing.assert_allclose(np.sort(gram_eigenvalues(TETRAHEDRON)), [0, 0.5, 0.5, 2], atol=1e-12)
    assert is_valid(TETRAHEDRON) and is_valid_3d(TETRAHEDRON)
    assert is_valid(SIMPLEX) and not is_valid_3d(SIMPLEX)
    assert not is_valid(TRIANGLE) and not is_valid_3d(TRIANGLE)


def test_the_tolerance_is_absolute_and_tiny():
    points = np.random.default_rng(0).normal(size=(12, 3)) * 2
    table = cdist(points, points)
    assert is_valid_3d(table) and is_valid_3d(table.astype(np.float32))
    rounded = table.round(3)
    assert not is_valid(rounded) and embeddability(rounded) > 0.999
    just = TETRAHEDRON.copy()
    just[3, :3] = just[:3, 3] = np.sqrt(1 / 3 - 1e-4)  # the fourth point a hair under the plane
    assert is_valid(just)
    just[3, :3] = just[:3, 3] = np.sqrt(1 / 3 - 1e-2)
    assert not is_valid(just)


def test_embeddability_by_hand_and_its_invariances():
    # the centred Gram of the simplex of n points has n - 1 equal eigenvalues: three of four fit
    assert embeddability(SIMPLEX) == pytest.approx(0.75)
    assert embeddability(TETRAHEDRON) == pytest.approx(1)
    assert embeddability(np.zeros((1, 1))) == 1
    rng = np.random.default_rng(0)
    table = np.abs(rng.normal(size=(6, 6)))
    table = np.triu(table, 1) + np.triu(table, 1).T
    order = rng.permutation(6)
    assert embeddability(table) == pytest.approx(embeddability(table[np.ix_(order, order)]))
    assert embeddability(table) == pytest.approx(embeddability(5 * table))
    assert 0 < embeddability(table) < 1
