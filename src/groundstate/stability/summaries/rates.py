"""Rates of the stability score: every crystal in exactly one class, all scored ones below every rate."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.stability.rows import CLASSES, StabilityRow, is_stable, threshold_key


def summarise_stability(
    rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, object]:
    """Count classes and give rates over all scored crystals with 95 % bootstrap intervals, and energies.

    The denominator of every rate is the number of crystals that were taken up for scoring, whatever became of
    them; only ``not_scored`` ones are outside it.
    """
    counts = {name: sum(row.outcome == name for row in rows) for name in CLASSES}
    if sum(counts.values()) != len(rows):
        raise ValueError("a crystal is in no class of the list")
    scored = [row for row in rows if row.outcome != "not_scored"]
    intervals: dict[str, list[float]] = {}
    summary: dict[str, object] = {
        "n": len(rows),
        "scored": len(scored),
        "failed": counts["failed"],
        "classes": counts,
        "hull_incomplete": sum(row.hull_incomplete for row in scored),
        "magnetic": sum(row.magnetic for row in scored),
        "f_electron": sum(row.f_electron for row in scored),
        "intervals": intervals,
    }
    if not scored:
        return summary
    for key, flags in _shares(scored, thresholds).items():
        summary[key] = float(np.mean(flags))
        intervals[key] = list(bootstrap_interval(np.array(flags, float), seed=seed))
    for key, values in _medians(scored).items():
        summary[key] = float(np.median(values))
        intervals[key] = list(bootstrap_interval(values, np.median, seed=seed))
    return summary


def summarise_complete(
    rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, object]:
    """Give the rates at ``thresholds`` over the scored crystals of chemical systems with a complete hull."""
    whole = [row for row in rows if row.outcome != "not_scored" and row.hull and not row.hull_incomplete]
    intervals: dict[str, list[float]] = {}
    summary: dict[str, object] = {"scored": len(whole), "intervals": intervals}
    if whole:
        names = tuple(threshold_key(threshold) for threshold in thresholds)
        names += tuple(name.replace("stable", "sun") for name in names)
        for key, flags in _shares(whole, thresholds).items():
            if key.removesuffix("_before") in names:
                summary[key] = float(np.mean(flags))
                intervals[key] = list(bootstrap_interval(np.array(flags, float), seed=seed))
    return summary


def _shares(scored: Sequence[StabilityRow], thresholds: Sequence[float]) -> dict[str, list[bool]]:
    """Whether each scored crystal counts, by the name of the rate."""
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
    return shares


def _medians(scored: Sequence[StabilityRow]) -> dict[str, np.ndarray]:
    """Values of the converged crystals whose medians are given, by name; only those that there are."""
    converged = [row for row in scored if row.outcome == "converged"]
    columns = {
        f"median_{key}": [value for row in converged if (value := getattr(row, key)) is not None]
        for key in ("formation_energy_per_atom", "energy_above_hull", "displacement")
    }
    columns["median_relaxation_energy"] = [
        row.initial_energy_per_atom - row.energy_per_atom
        for row in converged
        if row.initial_energy_per_atom is not None and row.energy_per_atom is not None
    ]
    return {key: np.array(values) for key, values in columns.items() if values}
