"""Closed forms of the squared couplings against the tables."""

import numpy as np
import pytest

from groundstate.gaunt import bracket_coefficients, gaunt_coefficients
from groundstate.gaunt.basis.strengths import path_strengths


@pytest.mark.parametrize("odd", [False, True])
def test_strengths_are_the_squared_norms_of_the_tables(odd):
    first, second, third = (0, 1, 2, 4), (1, 3), (0, 1, 2, 3, 5, 6)
    table = bracket_coefficients if odd else gaunt_coefficients
    expected = [[[table(a, b, c).square().sum().item() for c in third] for b in second] for a in first]
    found = path_strengths(first, second, third, odd)
    assert np.allclose(found, expected, rtol=1e-13, atol=1e-15)
    assert np.array_equal(found == 0, np.array(expected) < 1e-20)
