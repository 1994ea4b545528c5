"""Validity of a set of crystals: one row per crystal, and the shares with their intervals."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from pymatgen.core import Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals import composition_validity, structure_validity
from groundstate.metrics.crystals.composition_validity import composition_is_valid
from groundstate.metrics.crystals.structure_validity import shortest_distance, structure_is_valid
from groundstate.metrics.definition import SHARE, Definition, as_json
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.settings import RelaxSettings
from groundstate.records import Rejection

SHARES = ("structure_validity", "composition_validity", "valid")
CRYSTALNN = "the CrystalNN fingerprint can be built"
GUARD = RelaxSettings()  # what the stability stage refuses to relax, by default


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
    warning: str  # of a crystal that the literature calls structurally valid, yet that could not be one


def define_shares(joint: str) -> dict[str, Definition]:
    """Define the shares; ``joint`` says how ``valid`` treats the fingerprint."""
    both = Definition(
        f"share that is both of the above; {joint}",
        "CDVAE (Xie et al., ICLR 2022), scripts/compute_metrics.py",
        SHARE,
        "higher",
        "Both",
        structure_validity.DEFINITION.version,
        digits=1,
    )
    return {
        "structure_validity": structure_validity.DEFINITION,
        "composition_validity": composition_validity.DEFINITION,
        "valid": both,
    }


def definitions(oxidation_list: str) -> dict[str, dict[str, object]]:
    """Define every number of ``score validity``, as JSON values."""
    joint = f"the condition of CDVAE's joint rate that {CRYSTALNN} is not tested"
    return with_oxidation_list(define_shares(joint) | {"suspicious": SUSPICIOUS} | COUNTS, oxidation_list)


def with_oxidation_list(
    definitions: Mapping[str, Definition], oxidation_list: str
) -> dict[str, dict[str, object]]:
    """Give ``definitions`` as JSON values, composition validity with its list of oxidation states."""
    about = as_json(definitions)
    about["composition_validity"]["oxidation_states"] = oxidation_list
    return about


SUSPICIOUS = Definition(
    "structurally valid by the literature's definition, yet refused by the guards of stability: "
    f"a distance below {GUARD.minimum_distance:g} A or {GUARD.radii_fraction:g} times the sum of "
    "covalent radii (self-images too), or a density or cell angle that no crystal has",
    "groundstate",
    "crystals",
    None,
    "Of these, could not be a crystal",
    digits=0,
)
COUNTS = {
    "n": Definition(
        "crystals, those that cannot be read included: they count as invalid",
        "groundstate",
        label="Crystals",
        digits=0,
    ),
    "failed": Definition(
        "crystals that cannot be read; they are in `n`, and count as invalid",
        "groundstate",
        label="Failed (not readable, counted as invalid)",
        digits=0,
    ),
}


def score_validity(
    structures: Sequence[NamedStructure], rejections: Sequence[Rejection], oxidation_list: str = "smact14"
) -> list[ValidityRow]:
    """Judge each crystal that was read; one row for it and for each that could not be read (invalid)."""
    rows = []
    for name, structure in structures:
        counts = {symbol: int(n) for symbol, n in structure.composition.get_el_amt_dict().items()}
        shortest = shortest_distance(structure)
        good_structure = structure_is_valid(structure, shortest)
        good_composition = composition_is_valid(counts, oxidation_list)
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
                _warning(structure) if good_structure else "",
            )
        )
    rows += [
        ValidityRow(name, "", 0, False, False, False, None, None, reason, "")
        for name, _, reason in rejections
    ]
    return rows


def _warning(structure: Structure) -> str:
    return geometry_fault(to_atoms(structure), GUARD) or ""


def summarise_validity(rows: Sequence[ValidityRow], seed: int = 0) -> dict:
    """Average over every crystal, read or not: shares with 95 % bootstrap intervals."""
    table = np.array([(row.structure_valid, row.composition_valid, row.valid) for row in rows], float)
    summary: dict = {"n": len(rows), "failed": sum(bool(row.reason) for row in rows)}
    summary["suspicious"] = sum(bool(row.warning) for row in rows)
    summary["intervals"] = {}
    for column, key in enumerate(SHARES):
        summary[key] = float(table[:, column].mean())
        summary["intervals"][key] = list(bootstrap_interval(table[:, column], seed=seed))
    return summary
