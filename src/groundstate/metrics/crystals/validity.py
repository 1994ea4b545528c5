"""Validity of a set of crystals: one row a crystal, and the shares with their intervals."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals import composition_validity, structure_validity
from groundstate.metrics.crystals.composition_validity import composition_is_valid
from groundstate.metrics.crystals.structure_validity import shortest_distance, structure_is_valid
from groundstate.records import Rejection

SHARES = ("structure_validity", "composition_validity", "valid")


class ValidityRow(NamedTuple):
    """Validity of one crystal; what could not be read is invalid, with the reason."""

    id: str
    formula: str
    atoms: int
    structure_valid: bool
    composition_valid: bool
    valid: bool
    shortest_distance: float | None
    volume_per_atom: float | None
    reason: str


def definitions(oxidation_list: str) -> dict[str, dict[str, str]]:
    """Name, version and source of each metric."""
    composition = {
        **composition_validity.DEFINITION,
        "oxidation_states": oxidation_list,
    }
    valid = {
        "name": "valid",
        "version": structure_validity.DEFINITION["version"],
        "source": "both of the above; the further condition of CDVAE's joint rate, that the CrystalNN "
        "fingerprint can be built, is not tested here",
    }
    return {
        "structure_validity": structure_validity.DEFINITION,
        "composition_validity": composition,
        "valid": valid,
    }


def score_validity(
    structures: Sequence[NamedStructure], rejections: Sequence[Rejection], oxidation_list: str = "smact14"
) -> list[ValidityRow]:
    """One row for each crystal that was read and for each that could not be (invalid)."""
    rows = []
    for name, structure in structures:
        counts = {symbol: int(n) for symbol, n in structure.composition.get_el_amt_dict().items()}
        good_structure = structure_is_valid(structure)
        good_composition = composition_is_valid(counts, oxidation_list)
        shortest = shortest_distance(structure)
        rows.append(
            ValidityRow(
                name,
                structure.composition.reduced_formula,
                len(structure),
                good_structure,
                good_composition,
                good_structure and good_composition,
                shortest if np.isfinite(shortest) else None,
                structure.volume / len(structure),
                "",
            )
        )
    rows += [
        ValidityRow(name, "", 0, False, False, False, None, None, reason) for name, _, reason in rejections
    ]
    return rows


def summarise_validity(rows: Sequence[ValidityRow], seed: int = 0) -> dict:
    """Shares over every crystal, read or not, with 95 % bootstrap intervals."""
    table = np.array([(row.structure_valid, row.composition_valid, row.valid) for row in rows], float)
    summary: dict = {"n": len(rows), "failed": sum(bool(row.reason) for row in rows), "intervals": {}}
    for column, key in enumerate(SHARES):
        summary[key] = float(table[:, column].mean())
        summary["intervals"][key] = list(bootstrap_interval(table[:, column], seed=seed))
    return summary
