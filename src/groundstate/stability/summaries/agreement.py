"""How far two potentials agree on which crystals are stable."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.stability.rows import StabilityRow, is_stable, threshold_key


def summarise_agreement(
    rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, object]:
    """Give the mean absolute difference of the energies, and shares where both call stable or say the same.

    Every rate is over all scored crystals, as those of one potential are.
    """
    scored = [row for row in rows if row.outcome != "not_scored"]
    summary: dict[str, object] = {"n": len(scored)}
    intervals: dict[str, list[float]] = {}
    if not scored:
        return summary
    for key in ("formation_energy_per_atom", "energy_above_hull"):
        pairs = [(getattr(row, key), getattr(row, f"second_{key}")) for row in scored]
        differences = np.array([abs(a - b) for a, b in pairs if a is not None and b is not None])
        if len(differences):
            name = f"mean_absolute_difference_{key}"
            summary[name] = float(differences.mean())
            intervals[name] = list(bootstrap_interval(differences, seed=seed))
    for threshold in thresholds:
        first = np.array([is_stable(row, threshold) for row in scored])
        second = np.array([_second_is_stable(row, threshold) for row in scored])
        key = threshold_key(threshold)
        for name, values in ((f"both_{key}", first & second), (f"same_{key}", first == second)):
            summary[name] = float(values.mean())
            intervals[name] = list(bootstrap_interval(values.astype(float), seed=seed))
    summary["intervals"] = intervals
    return summary


def _second_is_stable(row: StabilityRow, threshold: float) -> bool:
    energy = row.second_energy_above_hull
    complete = not row.hull_incomplete and not row.second_reason
    return row.outcome == "converged" and complete and energy is not None and energy <= threshold
