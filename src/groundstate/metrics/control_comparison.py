"""UniMat's measures against a control with the same compositions: which one finds lower energies."""

from collections.abc import Sequence

import numpy as np

from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.stability import StabilityRow

DEFINITION = {
    "name": "formation energy against a control",
    "version": "1",
    "source": "UniMat (Yang et al., ICLR 2024, arXiv 2311.09235): per composition, the lowest formation "
    "energy of the converged generated crystals minus that of the converged controls; share of "
    "compositions where it is lower by more than 1 meV per atom",
}
TIE = 1e-3  # eV per atom: the same minimum, relaxed from two starts


def compare_with_control(
    generated: Sequence[StabilityRow], control: Sequence[StabilityRow], seed: int = 0
) -> dict[str, object]:
    """Mean difference of formation energy (eV per atom), shares lower and equal, over common compositions."""
    ours, theirs = _lowest(generated), _lowest(control)
    common = sorted(ours.keys() & theirs.keys())
    found: dict[str, object] = {"compositions": len(common)}
    if not common:
        return found
    differences = np.array([ours[formula] - theirs[formula] for formula in common])
    measures = {
        "mean_difference": differences,
        "share_lower": (differences < -TIE).astype(float),
        "share_equal": (np.abs(differences) <= TIE).astype(float),
    }
    found |= {key: float(values.mean()) for key, values in measures.items()}
    found["intervals"] = {
        key: list(bootstrap_interval(values, seed=seed)) for key, values in measures.items()
    }
    return found


def _lowest(rows: Sequence[StabilityRow]) -> dict[str, float]:
    lowest: dict[str, float] = {}
    for row in rows:
        if row.outcome == "converged" and row.formation_energy_per_atom is not None:
            lowest[row.formula] = min(row.formation_energy_per_atom, lowest.get(row.formula, np.inf))
    return lowest
