"""Magpie fingerprints against matminer, and what is missing is 0."""

import numpy as np
import pytest
from matminer.featurizers.composition import ElementProperty
from pymatgen.core import Composition

from groundstate.metrics.crystals.fingerprints.composition import _scaling, composition_fingerprint


@pytest.fixture(scope="module")
def matminer() -> ElementProperty:
    return ElementProperty.from_preset("magpie", impute_nan=False)


@pytest.mark.parametrize("formula", ["SrTiO3", "Cu", "Al2O3", "Li10GeP2S12", "CsPuO2", "HeAr", "Og2F3"])
def test_it_is_matminers_standardised(formula: str, matminer: ElementProperty) -> None:
    composition = Composition(formula)
    _, means, deviations = _scaling()
    expected = (np.array(matminer.featurize(composition)) - means.ravel()) / deviations.ravel()
    expected[np.isnan(expected)] = 0.0
    counts = {symbol: int(n) for symbol, n in composition.get_el_amt_dict().items()}
    np.testing.assert_allclose(composition_fingerprint(counts), expected, rtol=1e-12, atol=1e-12)


def test_only_ratios_count() -> None:
    one, twice = {"Sr": 1, "Ti": 1, "O": 3}, {"O": 6, "Ti": 2, "Sr": 2}
    np.testing.assert_allclose(composition_fingerprint(one), composition_fingerprint(twice), atol=1e-13)
