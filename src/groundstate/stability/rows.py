"""Rows and rates of the stability score: every crystal in exactly one class."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from ase.data import chemical_symbols

from groundstate.metrics.bootstrap import bootstrap_interval

CLASSES = (
    "converged",  # relaxed below the force limit, and the guards hold: the only class that can be stable
    "not_converged",  # out of steps
    "rejected_geometry",  # could not be a crystal, or could not be read: never relaxed
    "failed",  # the potential raised, or gave numbers that are not finite
    "collapsed",  # the relaxation led to something that could not be a crystal
    "not_scored",  # beyond the limits on number or size
)

MAGNETIC = frozenset({"V", "Cr", "Mn", "Fe", "Co", "Ni", "Mo", "W"})
F_ELECTRON = frozenset(chemical_symbols[57:72] + chemical_symbols[89:104])  # La to Lu, Ac to Lr


@dataclass
class StabilityRow:
    """One crystal; energies in eV per atom, forces in eV per angstrom, None where there is none."""

    id: str
    formula: str = ""
    atoms: int = 0
    system: str = ""
    outcome: str = "not_scored"
    reason: str = ""
    steps: int | None = None
    initial_force: float | None = None
    max_force: float | None = None
    initial_energy_per_atom: float | None = None
    energy_per_atom: float | None = None
    initial_formation_energy_per_atom: float | None = None
    formation_energy_per_atom: float | None = None
    initial_energy_above_hull: float | None = None
    energy_above_hull: float | None = None
    decomposition_energy: float | None = None
    decomposition_products: str = ""
    reference_phases: int | None = None
    hull_incomplete: bool = False
    volume_ratio: float | None = None
    displacement: float | None = None
    magnetic: bool = False
    f_electron: bool = False
    unique: bool | None = None
    novel: bool | None = None
    unique_before: bool | None = None
    novel_before: bool | None = None
    second_formation_energy_per_atom: float | None = None
    second_energy_above_hull: float | None = None
    second_reason: str = ""
    dft_energy_per_atom: float | None = None

    def as_dict(self) -> dict[str, object]:
        """The row with the column name ``class``, which Python keeps for itself."""
        return {"class" if key == "outcome" else key: value for key, value in vars(self).items()}


def flag_elements(symbols: set[str]) -> tuple[bool, bool]:
    """Whether a crystal has elements whose magnetism, or f electrons, these potentials do not describe."""
    return bool(symbols & MAGNETIC), bool(symbols & F_ELECTRON)


def threshold_key(threshold: float) -> str:
    """Name of a rate: ``stable_0mev``, ``stable_25mev``."""
    return f"stable_{round(threshold * 1000)}mev"


def is_stable(row: StabilityRow, threshold: float, before: bool = False) -> bool:
    """Converged, with competing phases, and at most ``threshold`` (eV per atom) above their hull."""
    if before:
        energy = row.initial_energy_above_hull
        return energy is not None and energy <= threshold
    return (
        row.outcome == "converged"
        and row.energy_above_hull is not None
        and row.energy_above_hull <= threshold
    )


def summarise_stability(rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0) -> dict:
    """Counts by class, rates over all scored crystals with 95 % bootstrap intervals, and energies.

    The denominator of every rate is the number of crystals that were taken up for scoring, whatever became of
    them; only ``not_scored`` ones are outside it.
    """
    counts = {name: sum(row.outcome == name for row in rows) for name in CLASSES}
    if sum(counts.values()) != len(rows):
        raise ValueError("a crystal is in no known class")
    scored = [row for row in rows if row.outcome != "not_scored"]
    summary: dict = {
        "n": len(rows),
        "scored": len(scored),
        "failed": counts["failed"],
        "classes": counts,
        "hull_incomplete": sum(row.hull_incomplete for row in scored),
        "magnetic": sum(row.magnetic for row in scored),
        "f_electron": sum(row.f_electron for row in scored),
        "intervals": {},
    }
    if not scored:
        return summary
    shares = {"converged": [row.outcome == "converged" for row in scored]}
    compared = any(row.unique is not None for row in scored)  # what could not be read is not unique
    for threshold in thresholds:
        key = threshold_key(threshold)
        shares[key] = [is_stable(row, threshold) for row in scored]
        shares[f"{key}_before"] = [is_stable(row, threshold, before=True) for row in scored]
        if compared:
            sun = f"sun_{key.removeprefix('stable_')}"
            shares[sun] = [
                bool(row.unique and row.novel and stable)
                for row, stable in zip(scored, shares[key], strict=True)
            ]
            shares[f"{sun}_before"] = [
                bool(row.unique_before and row.novel_before and stable)
                for row, stable in zip(scored, shares[f"{key}_before"], strict=True)
            ]
    if compared:
        for key in ("unique", "novel", "unique_before", "novel_before"):
            shares[key] = [bool(getattr(row, key)) for row in scored]
    for key, values in shares.items():
        summary[key] = float(np.mean(values))
        summary["intervals"][key] = list(bootstrap_interval(np.array(values, float), seed=seed))
    converged = [row for row in scored if row.outcome == "converged"]
    for key in ("formation_energy_per_atom", "energy_above_hull", "displacement"):
        values = np.array([value for row in converged if (value := getattr(row, key)) is not None])
        if len(values):
            name = f"median_{key}"
            summary[name] = float(np.median(values))
            summary["intervals"][name] = list(bootstrap_interval(values, np.median, seed=seed))
    drops = [
        row.initial_energy_per_atom - row.energy_per_atom
        for row in converged
        if row.initial_energy_per_atom is not None and row.energy_per_atom is not None
    ]
    if drops:
        summary["median_relaxation_energy"] = float(np.median(drops))
        summary["intervals"]["median_relaxation_energy"] = list(
            bootstrap_interval(np.array(drops), np.median, seed=seed)
        )
    return summary
