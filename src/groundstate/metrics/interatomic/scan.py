"""Energies along a scan: structures that differ in one coordinate, such as a dihedral angle."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from groundstate.interatomic.data import Configuration
from groundstate.metrics.interatomic.errors import ENERGIES, errors

FRAME = "frame"


def scan_coordinate(structures: Sequence[Configuration]) -> tuple[str, list[float]]:
    """Return the name and the values of what is scanned.

    Of the dihedral angles that all frames state (``dihedral_angle``, ``dihedrals``; degrees) the one with the
    widest range, else the number of the frame.
    """
    stated: list[Any] = [one.atoms.info.get("dihedrals") for one in structures]
    if any(one is None for one in stated) or len({np.shape(one) for one in stated}) > 1:
        return FRAME, [float(number) for number in range(len(structures))]
    angles = np.array(stated, float)
    column = int(np.argmax(np.ptp(angles, axis=0)))
    return "dihedral angle, degrees", angles[:, column].tolist()


def scan_rows(
    name: str, structures: Sequence[Configuration], predicted: Sequence[float], constant: Sequence[float]
) -> list[dict[str, Any]]:
    """Return one row a frame: its place, reference energy and predicted one, eV, and that of the baseline."""
    axis, places = scan_coordinate(structures)
    return [
        {
            "id": one.id,
            "scan": name,
            "axis": axis,
            "coordinate": place,
            "atoms": len(one.atoms),
            "energy": one.energy,
            "predicted": energy,
            "constant": other,
        }
        for one, place, energy, other in zip(structures, places, predicted, constant, strict=True)
    ]


def scan_errors(rows: Sequence[dict[str, Any]], column: str, seed: int) -> dict[str, Any]:
    """Return the errors of the energies in ``column`` over the rows of one scan, meV."""
    chosen = [
        {**row, "predicted": row[column], "force_square": np.nan, "force_absolute": np.nan} for row in rows
    ]
    barriers = [np.ptp([row[key] for row in rows]) for key in ("energy", column)]
    return errors(chosen, seed, ENERGIES) | {"barrier_error": 1e3 * float(abs(barriers[1] - barriers[0]))}
