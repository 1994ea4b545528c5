"""Metrics of the user's over a set of crystals."""

from collections.abc import Mapping, Sequence

import numpy as np

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.definition import CrystalMetric


def own_values(metrics: Sequence[CrystalMetric], crystals: Sequence[NamedStructure]) -> dict[str, np.ndarray]:
    """Evaluate each metric for each crystal: (n,) by name, NaN where there is nothing to measure.

    Raises
    ------
    GroundstateError
        Where the function of a metric fails.
    """
    return {
        metric.name: np.array([metric(name, structure) for name, structure in crystals], float)
        for metric in metrics
    }


def summarise_own(
    values: Mapping[str, np.ndarray], seed: int
) -> tuple[dict[str, float | None], dict[str, list[float] | None]]:
    """Average each metric over the crystals that have a value; means and 95 % bootstrap intervals by name."""
    finite = {name: column[np.isfinite(column)] for name, column in values.items()}
    means = {name: float(column.mean()) if len(column) else None for name, column in finite.items()}
    intervals = {
        name: list(bootstrap_interval(column, seed=seed)) if len(column) else None
        for name, column in finite.items()
    }
    return means, intervals
