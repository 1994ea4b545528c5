"""UniMat's measures (Yang et al., ICLR 2024, arXiv 2311.09235) against a control of the same compositions."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.stability.rows import StabilityRow, is_stable, threshold_key

TIE = 1e-3  # eV per atom: the same minimum, relaxed from two starts


def compare_with_control(
    generated: Sequence[StabilityRow],
    control: Sequence[StabilityRow],
    thresholds: Sequence[float],
    seed: int = 0,
) -> dict[str, object]:
    """Compare formation energies (eV per atom) by composition, convergence and stability by id.

    Keys that begin with ``control_`` are of the control, the others of the generated crystals.
    """
    by_id = {row.id: row for row in control}
    pairs = [(row, by_id[row.id]) for row in generated if row.id in by_id]
    summary: dict[str, object] = {"n": len(pairs)}
    measures: dict[str, np.ndarray] = {}
    if pairs:
        converged = np.array([[row.outcome == "converged" for row in pair] for pair in pairs], float)
        measures["converged"], measures["control_converged"] = converged.T
        measures["convergence_difference"] = converged[:, 0] - converged[:, 1]
        for threshold in thresholds:
            key = f"number_{threshold_key(threshold)}"
            stable = np.array([[is_stable(row, threshold) for row in pair] for pair in pairs])
            summary[key], summary[f"control_{key}"] = stable.sum(axis=0).tolist()
            measures[f"{threshold_key(threshold)}_difference"] = stable[:, 0].astype(float) - stable[:, 1]
    ours, theirs = _lowest(generated), _lowest(control)
    common = sorted(ours.keys() & theirs.keys())
    summary["compositions"] = len(common)
    if common:
        differences = np.array([ours[formula] - theirs[formula] for formula in common])
        measures["mean_difference"] = differences
        measures["share_lower"] = (differences < -TIE).astype(float)
        measures["share_equal"] = (np.abs(differences) <= TIE).astype(float)
    summary |= {key: float(values.mean()) for key, values in measures.items()}
    summary["intervals"] = {
        key: list(bootstrap_interval(values, seed=seed)) for key, values in measures.items()
    }
    return summary


def _lowest(rows: Sequence[StabilityRow]) -> dict[str, float]:
    lowest: dict[str, float] = {}
    for row in rows:
        if row.outcome == "converged" and row.formation_energy_per_atom is not None:
            lowest[row.formula] = min(row.formation_energy_per_atom, lowest.get(row.formula, np.inf))
    return lowest
