"""Two minimisations of one minimum are one; a mirror image and a renumbering are, too."""

import numpy as np

from groundstate.ground_states.distinct import distinct


def test_lowest_first_and_each_once() -> None:
    shape = np.random.default_rng(0).normal(size=(6, 3))
    other = shape * 1.2
    geometries = [other, shape, shape[::-1] * [1, 1, -1], shape, other]
    assert distinct([3.0, 1.02, 1.0, 2.0, np.inf], geometries) == [2, 3, 0, 4]
