"""Errors of energies and forces over structures, with intervals."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.definition import Definition

SOURCE = "Kovacs et al., J. Chem. Theory Comput. 17, 7696 (2021)"
DEFINITIONS = {
    "energy_rmse": Definition(
        "root mean square error of the energy per structure", SOURCE, "meV", "lower", "energy RMSE", digits=1
    ),
    "energy_rmse_shifted": Definition(
        "the same after the mean error of the group is taken off: what differences of energies are worth",
        "groundstate",
        "meV",
        "lower",
        "energy RMSE, shifted",
        digits=1,
    ),
    "energy_mae_per_atom": Definition(
        "mean absolute error of the energy per atom", SOURCE, "meV/atom", "lower", "energy MAE", digits=2
    ),
    "force_rmse": Definition(
        "root mean square error of the force components, pooled over atoms", SOURCE, "meV/Å", "lower",
        "force RMSE", digits=1,
    ),
    "force_mae": Definition(
        "mean absolute error of the force components, pooled over atoms", SOURCE, "meV/Å", "lower",
        "force MAE", digits=1,
    ),
    "barrier_error": Definition(
        "of a scan: the difference of highest and lowest energy, error without its sign", "groundstate",
        "meV", "lower", "barrier error", digits=1,
    ),
}  # fmt: skip
COLUMNS = ("atoms", "energy", "predicted", "force_square", "force_absolute")
Measure = Callable[[np.ndarray], float]
ENERGIES: dict[str, Measure] = {
    "energy_rmse": lambda v: np.sqrt(np.mean((v[:, 2] - v[:, 1]) ** 2)),
    "energy_rmse_shifted": lambda v: np.std(v[:, 2] - v[:, 1]),
    "energy_mae_per_atom": lambda v: np.mean(np.abs(v[:, 2] - v[:, 1]) / v[:, 0]),
}
FORCES: dict[str, Measure] = {
    "force_rmse": lambda v: np.sqrt(np.average(v[:, 3], weights=v[:, 0])),
    "force_mae": lambda v: np.average(v[:, 4], weights=v[:, 0]),
}


def errors(
    rows: Sequence[dict[str, Any]],
    seed: int,
    measures: dict[str, Measure] = ENERGIES | FORCES,
) -> dict[str, Any]:
    """Return errors in meV and meV/angstrom, None where nothing has the label.

    Parameters
    ----------
    rows
        One a structure with the keys of ``COLUMNS``: atoms, energies (eV), and over the force components of
        these atoms the mean square (eV^2/angstrom^2) and the mean absolute error (eV/angstrom); NaN without.
    seed
        Of the 95 % bootstrap intervals over structures.

    Returns
    -------
    ``n``, the measures, and ``intervals`` with the two ends of each.
    """
    values = np.array([[float(row[key]) for key in COLUMNS] for row in rows])
    result: dict[str, Any] = {"n": len(rows), "intervals": {}}
    for name, measure in measures.items():
        kept = values if name in ENERGIES else values[~np.isnan(values[:, 3])]
        if not len(kept):
            result[name] = None
            continue
        result[name] = 1e3 * float(measure(kept))
        result["intervals"][name] = [1e3 * end for end in bootstrap_interval(kept, measure, seed)]
    return result


def force_errors(predicted: np.ndarray, reference: np.ndarray | None) -> dict[str, float]:
    """Return the two columns of forces (n, 3), eV/angstrom; NaN without a reference."""
    if reference is None:
        return {"force_square": np.nan, "force_absolute": np.nan}
    apart = predicted - reference
    return {"force_square": float((apart**2).mean()), "force_absolute": float(np.abs(apart).mean())}
