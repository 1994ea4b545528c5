"""CDVAE's composition fingerprint: 132 Magpie numbers, standardised with the constants that CDVAE ships.

Statistics over the atoms of 22 tabulated properties of the elements (Ward, Agrawal, Choudhary and
Wolverton, npj Comput. Mater. 2, 16028 (2016); matminer's ``ElementProperty`` preset ``magpie`` with
``impute_nan=False``). What an element has no value for is NaN, and 0 after the standardisation, as in
CDVAE.
"""

import functools
import json
from collections.abc import Mapping
from importlib.resources import files

import numpy as np
from pymatgen.core import Element

LAST_NUMBER = 118


@functools.cache
def _scaling() -> tuple[list[str], np.ndarray, np.ndarray]:
    """Names of the properties, and means and deviations of their statistics (22, 6)."""
    content = json.loads(
        files("groundstate.metrics.crystals.fingerprints")
        .joinpath("cdvae_magpie.json")
        .read_text(encoding="utf-8")
    )
    table = content["properties"]
    means, deviations = (np.array([row[key] for row in table.values()]) for key in ("means", "deviations"))
    return list(table), means, deviations


@functools.cache
def _properties() -> np.ndarray:
    """Values (22, 119) by atomic number; NaN where the table has none."""
    folder = files("matminer").joinpath("utils", "data_files", "magpie_elementdata")
    values = np.full((len(_scaling()[0]), LAST_NUMBER + 1), np.nan)
    for row, name in enumerate(_scaling()[0]):
        lines = folder.joinpath(f"{name}.table").read_text(encoding="utf-8").splitlines()
        for number, text in enumerate(lines[:LAST_NUMBER], 1):
            try:
                values[row, number] = float(text)
            except ValueError:  # the table says "Missing"
                continue
    return values


def composition_fingerprint(counts: Mapping[str, float]) -> np.ndarray:
    """Standardised fingerprint (132,) of the atoms of each element symbol."""
    values = _properties()[:, [Element(symbol).Z for symbol in counts]]
    weights = np.array(list(counts.values()), float)
    low, high = values.min(1), values.max(1)  # NaN wherever one element has none
    mean = values @ weights / weights.sum()
    deviation = np.abs(values - mean[:, None]) @ weights / weights.sum()
    mode = values[:, np.isclose(weights, weights.max())].min(1)
    features = np.stack([low, high, high - low, mean, deviation, mode], axis=1)
    _, means, deviations = _scaling()
    return np.nan_to_num((features - means) / deviations, nan=0.0).ravel()
