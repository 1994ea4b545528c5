"""Distance errors by hand and under motions."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.spatial.transform import Rotation

from groundstate.metrics.molecules.distances import distance_errors


def test_three_atoms_on_a_line_by_hand():
    # distances 1, 1, 2 against 1, 2, 3: errors 0, 1, 1; twice each as ordered pairs
    predicted = np.array([[0.0, 0, 0], [1, 0, 0], [2, 0, 0]])
    reference = np.array([[0.0, 0, 0], [1, 0, 0], [3, 0, 0]])
    errors = distance_errors(predicted, reference)
    assert errors == (4.0, 4.0, 6, 9)


def test_both_definitions_against_full_tables():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 7, 3))
    errors = distance_errors(a, b)
    table = np.abs(cdist(a, a) - cdist(b, b))
    off = ~np.eye(7, dtype=bool)
    assert errors.absolute / errors.pairs == pytest.approx(table[off].mean())
    assert errors.absolute / errors.entries == pytest.approx(table.mean())
    assert errors.squared / errors.pairs == pytest.approx((table[off] ** 2).mean())


def test_motions_and_mirrors_do_not_count_but_numbering_does():
    rng = np.random.default_rng(1)
    a = rng.normal(size=(6, 3))
    moved = Rotation.random(random_state=2).apply(a) + np.array([3, -2, 1])
    assert distance_errors(moved, a).absolute == pytest.approx(0, abs=1e-12)
    assert distance_errors(a * [1, 1, -1], a).absolute == pytest.approx(0, abs=1e-12)
    order = rng.permutation(6)
    b = rng.normal(size=(6, 3))
    assert distance_errors(a[order], b[order]).squared == pytest.approx(distance_errors(a, b).squared)
    assert distance_errors(a[order], a).absolute > 0.1


def test_one_atom_has_no_pairs():
    assert distance_errors(np.zeros((1, 3)), np.ones((1, 3))) == (0, 0, 0, 1)
