"""Coverage and diversity on cases worked by hand."""

import numpy as np
import pytest

from groundstate.metrics.crystals.coverage import coverage_rows, diversity, nearest, nearest_distances


def test_coverage_by_hand() -> None:
    # on a line: generated at 0 and 1 (a third one has no fingerprint), reference at 0.1 and 5
    structures, theirs = np.array([[0.0], [1.0]]), np.array([[0.1], [5.0]])
    # the composition near the first reference belongs to the other crystal: recall takes either
    compositions, their_compositions = np.array([[9.0], [2.0]]), np.array([[2.5], [9.0]])
    found = nearest_distances(structures, compositions, theirs, their_compositions)
    rows = coverage_rows(found, (0.2, 1.0), generated=3)
    means = {key: float(np.mean(values)) for key, values in rows.items()}
    assert means == pytest.approx(
        {
            "cov_recall": 1 / 2,
            "cov_precision": 1 / 3,
            "amsd_recall": (0.1 + 4.0) / 2,
            "amsd_precision": (0.1 + 0.9) / 2,
            "amcd_recall": (0.5 + 0.0) / 2,
            "amcd_precision": (0.0 + 0.5) / 2,
        }
    )


def test_cutoffs_are_inclusive_and_blocks_change_nothing() -> None:
    found = {"structure_precision": np.array([0.2]), "composition_precision": np.array([4.0])}
    found |= {"structure_recall": np.array([0.2 + 1e-9]), "composition_recall": np.array([4.0])}
    rows = coverage_rows(found, (0.2, 4.0), generated=1)
    assert rows["cov_precision"].tolist() == [1.0]
    assert rows["cov_recall"].tolist() == [0.0]
    generator = np.random.default_rng(0)
    one, other = generator.normal(size=(17, 3)), generator.normal(size=(5, 3))
    for whole, parts in zip(nearest(one, other), nearest(one, other, block=4), strict=True):
        np.testing.assert_array_equal(whole, parts)


def test_diversity_of_a_triangle() -> None:
    assert diversity(np.array([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])) == pytest.approx(4.0)
