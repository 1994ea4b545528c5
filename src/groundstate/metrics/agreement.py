"""How far two potentials agree on which crystals are stable."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.stability import StabilityRow, is_stable, threshold_key


def add_second(rows: Sequence[StabilityRow], second: Sequence[StabilityRow]) -> None:
    """Copy class and energies of the second potential into ``rows``, by id."""
    by_id = {row.id: row for row in second}
    for row in rows:
        if row.id in by_id:
            other = by_id[row.id]
            row.second_outcome = other.outcome
            row.second_formation_energy_per_atom = other.formation_energy_per_atom
            row.second_energy_above_hull = other.energy_above_hull


def summarise_agreement(
    rows: Sequence[StabilityRow], second: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, object]:
    """Mean absolute difference of the energies, and shares where both call stable or say the same.

    Every rate is over all scored crystals, as those of one potential are.
    """
    by_id = {row.id: row for row in second}
    pairs = [(row, by_id[row.id]) for row in rows if row.id in by_id]
    found: dict[str, object] = {"n": len(pairs)}
    intervals: dict[str, list[float]] = {}
    if not pairs:
        return found
    for key in ("formation_energy_per_atom", "energy_above_hull"):
        values = [
            (getattr(a, key), getattr(b, key)) for a, b in pairs if a.outcome == b.outcome == "converged"
        ]
        differences = np.array([abs(a - b) for a, b in values if a is not None and b is not None])
        if len(differences):
            name = f"mean_absolute_difference_{key}"
            found[name] = float(differences.mean())
            intervals[name] = list(bootstrap_interval(differences, seed=seed))
    for threshold in thresholds:
        votes = np.array([(is_stable(a, threshold), is_stable(b, threshold)) for a, b in pairs])
        key = threshold_key(threshold)
        for name, values in ((f"both_{key}", votes.all(axis=1)), (f"same_{key}", votes[:, 0] == votes[:, 1])):
            found[name] = float(values.mean())
            intervals[name] = list(bootstrap_interval(values.astype(float), seed=seed))
    found["intervals"] = intervals
    return found
