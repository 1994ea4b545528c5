"""Harmonically stable crystals: of the survivors, and those of all scored that are S.U.N. too."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import ratio_intervals
from groundstate.stability.rows import Dynamics, StabilityRow, is_stable, threshold_key

COUNTED: tuple[Dynamics, ...] = ("stable", "imaginary", "failed", "not_computed")
SHARE_STABLE = "dynamically_stable"


def sun_key(threshold: float) -> str:
    """Name the share that is S.U.N. at ``threshold`` (eV per atom) and has no imaginary mode."""
    return threshold_key(threshold).replace("stable", "sun_and_dynamically_stable")


def summarise_dynamics(
    rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, object]:
    """Count the outcomes of the phonons, with shares and their 95 % bootstrap intervals.

    ``dynamically_stable`` is the share of the crystals whose modes were computed; S.U.N. and dynamically
    stable that of all scored.
    """
    scored = [row for row in rows if row.outcome != "not_scored"]
    counts = {f"phonons_{name}": sum(row.dynamics == name for row in scored) for name in COUNTED}
    summary: dict[str, object] = {"n": len(scored), **counts}
    stable = np.array([row.dynamics == "stable" for row in scored], dtype=float)
    computed = np.array([row.dynamics in ("stable", "imaginary") for row in scored], dtype=float)
    shares = {SHARE_STABLE: (stable, computed)}
    for threshold in thresholds:
        sun = [bool(row.unique and row.novel and is_stable(row, threshold)) for row in scored]
        shares[sun_key(threshold)] = (stable * np.array(sun, dtype=float), np.ones(len(scored)))
    above, below = (np.column_stack(columns) for columns in zip(*shares.values(), strict=True))
    intervals: dict[str, list[float]] = {}
    for index, (name, ends) in enumerate(
        zip(shares, ratio_intervals(above, below, seed).tolist(), strict=True)
    ):
        if number := below[:, index].sum():
            summary[name] = float(above[:, index].sum() / number)
            intervals[name] = ends
    return summary | {"intervals": intervals}
