"""What the 3D viewer draws: layers of atoms, bonds and lines in one frame, as plain JSON values."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from ase.data import chemical_symbols, covalent_radii
from ase.data.colors import jmol_colors
from markupsafe import Markup

from groundstate.report.figures import script_json

BALL = 0.42  # drawn radius as a share of the covalent radius


@dataclass
class Layer:
    """One geometry of a scene: positions (n, 3) in angstrom, bonds (i, j, order), lines (from, to)."""

    name: str
    numbers: Sequence[int]
    positions: np.ndarray
    labels: Sequence[str]
    bonds: Sequence[tuple[int, int, int]] = ()
    lines: Sequence[tuple[np.ndarray, np.ndarray]] = ()
    visible: bool = True
    grey: bool = False
    faint: int = 0  # of the last atoms: what lies outside a cell


@dataclass
class Scene:
    """One view of the report, with the words around it."""

    id: str
    title: str
    caption: str
    layers: list[Layer]
    tilt: tuple[float, float] | None = None  # first turn about x and y, radians
    place: str = ""  # best, median, worst
    files: dict[str, Path] = field(default_factory=dict)  # to link to, by what the link says

    @property
    def elements(self) -> list[dict[str, str]]:
        """List legend entries: symbol and CPK colour, lightest element first."""
        numbers = sorted({int(number) for layer in self.layers for number in layer.numbers})
        return [{"symbol": chemical_symbols[z], "color": "#" + bytes(_color(z)).hex()} for z in numbers]

    @property
    def grey(self) -> str:
        """Name the grey layers."""
        return ", ".join(layer.name for layer in self.layers if layer.grey)

    @property
    def json(self) -> Markup:
        """The data of the view, safe inside a script element."""
        return script_json(self.data())

    def data(self) -> dict:
        """Give the JSON value that ``viewer.js`` reads; every layer is moved to one common centre."""
        shown, balls = map(np.concatenate, zip(*map(_extent, self.layers), strict=True))
        centre = (shown.min(axis=0) + shown.max(axis=0)) / 2
        radius = (np.linalg.norm(shown - centre, axis=1) + balls).max()
        numbers = {int(number) for layer in self.layers for number in layer.numbers}
        return {
            "radius": round(float(radius), 3),
            "tilt": self.tilt,
            "elements": {
                chemical_symbols[z]: {"color": _color(z), "radius": round(BALL * float(covalent_radii[z]), 3)}
                for z in sorted(numbers)
            },
            "layers": [
                {
                    "name": layer.name,
                    "visible": layer.visible,
                    "grey": layer.grey,
                    "faint": layer.faint,
                    "atoms": [
                        [chemical_symbols[z], *_rounded(position - centre)]
                        for z, position in zip(layer.numbers, layer.positions, strict=True)
                    ],
                    "labels": list(layer.labels),
                    "bonds": [list(bond) for bond in layer.bonds],
                    "lines": [[_rounded(end - centre) for end in line] for line in layer.lines],
                }
                for layer in self.layers
            ],
        }


def _extent(layer: Layer) -> tuple[np.ndarray, np.ndarray]:
    """Give the points that a layer reaches, and how far it is drawn around each."""
    ends = np.reshape([end for line in layer.lines for end in line], (-1, 3))
    balls = BALL * covalent_radii[np.asarray(layer.numbers, dtype=int)]
    return np.concatenate([layer.positions, ends]), np.concatenate([balls, np.zeros(len(ends))])


def _color(number: int) -> list[int]:
    if number == 6:  # Jmol's mid grey would be taken for the grey of a reference
        return [74, 78, 87]
    return [round(255 * float(part)) for part in jmol_colors[min(number, len(jmol_colors) - 1)]]


def _rounded(vector: np.ndarray) -> list[float]:
    return [round(float(value), 3) + 0.0 for value in vector]


def pick_ranked(ids: Sequence[str], scores: Sequence[float], each: int = 2) -> list[tuple[str, str]]:
    """Choose what to show without taste: ``each`` of the worst, of those around the median, and of the best.

    ``scores`` are errors (lower is better); ties go by id, non-finite scores are left out.
    Returns ``(place, id)`` with place ``best``, ``median`` or ``worst``.
    """
    ranked = [name for _, name in sorted((s, n) for s, n in zip(scores, ids, strict=True) if np.isfinite(s))]
    if len(ranked) <= 3 * each:
        places = ["best"] * len(ranked)
        for index in range(len(ranked)):
            share = (index + 0.5) / len(ranked)
            places[index] = "best" if share < 1 / 3 else "median" if share < 2 / 3 else "worst"
        return list(zip(places, ranked, strict=True))
    middle = (len(ranked) - each) // 2
    chosen = [("best", ranked[:each]), ("median", ranked[middle : middle + each]), ("worst", ranked[-each:])]
    return [(place, name) for place, names in chosen for name in names]
