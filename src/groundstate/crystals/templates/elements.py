"""How alike two elements are, and how large their atoms are in crystals."""

import csv
import warnings
from functools import cache
from importlib.resources import files

import numpy as np
from pymatgen.core import Element

from groundstate.crystals.crystal import MAX_NUMBER, number_of

# what elements are compared by, and the difference of each that counts as one
SCALES = {"pettifor": 20.0, "electronegativity": 0.5, "radius": 0.4, "group": 6.0, "row": 1.5}
ANIONS = ("N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I")
VOLUMES = "data/atomic_volumes.csv"
UNKNOWN = {"pettifor": 60.0, "electronegativity": 1.3, "radius": 1.6, "group": 3.0, "row": 7.0}


@cache
def dissimilarity() -> np.ndarray:
    """Give the distance of every two elements, (119, 119), by atomic number; row and column 0 stand for none.

    The Euclidean distance in Pettifor number (Solid State Commun. 51, 31, 1984),
    electronegativity (Pauling), radius (Slater, angstrom), group and row, each over its scale.
    """
    values = np.zeros((MAX_NUMBER + 1, len(SCALES)))
    for number in range(1, MAX_NUMBER + 1):
        values[number] = list(_features(number).values())
    values /= np.array(list(SCALES.values()))
    return np.sqrt(((values[:, None] - values[None]) ** 2).sum(-1))


def _features(number: int) -> dict[str, float]:
    element = Element.from_Z(number)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # says that the noble gases have no electronegativity
        known = {
            "pettifor": element.mendeleev_no,
            "electronegativity": element.X,
            "radius": element.atomic_radius,
            "group": element.group,
            "row": element.row,
        }
    return {
        name: float(value) if value is not None and np.isfinite(float(value)) else UNKNOWN[name]
        for name, value in known.items()
    }


@cache
def atomic_volumes() -> np.ndarray:
    """Give the volume of an atom of each element, (2, 119) in cubic angstrom: in alloys and in salts.

    Fitted to the volumes of the shipped templates as sums over their atoms (least squares of relative
    deviations, none negative); elements that they lack have the median of the others.
    """
    text = files("groundstate.crystals.templates").joinpath(VOLUMES).read_text(encoding="utf-8")
    volumes = np.full((2, MAX_NUMBER + 1), np.nan)
    for row in csv.DictReader(text.splitlines()):
        volumes[:, number_of(row["element"])] = float(row["alloy"]), float(row["salt"])
    return np.where(np.isnan(volumes), np.nanmedian(volumes, axis=1, keepdims=True), volumes)


def is_salt(atomic_numbers: np.ndarray) -> bool:
    """Tell whether more than a quarter of the atoms are N, O, F, S, Cl, Se, Br, Te or I."""
    return bool(np.isin(atomic_numbers, [number_of(symbol) for symbol in ANIONS]).mean() > 0.25)


def expected_volume(atomic_numbers: np.ndarray) -> float:
    """Give the volume (cubic angstrom) that these atoms (n,) take on average."""
    return float(atomic_volumes()[int(is_salt(atomic_numbers)), atomic_numbers].sum())
