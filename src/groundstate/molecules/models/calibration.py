"""From what a model sees of a molecule and its candidates to the error that its geometry really has."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors
from scipy.optimize import isotonic_regression, nnls

from groundstate.molecules.models.domain import unseen_environments

FEWEST = 50  # molecules of the validation part that a calibration takes

Calibration = dict[str, list[float]]


class Evidence(NamedTuple):
    """What lets an error be expected; the larger any of it, the larger the error.

    Attributes
    ----------
    expected_rmsd
        RMSD of the heavy atoms that the model's own probabilities give, angstrom.
    thermal_rmsd
        The same by its energies, where a difference of some kcal/mol may be wrong, angstrom.
    spread
        Mean RMSD of two candidates, angstrom: what there is to choose from.
    rotatable_bonds, heavy_atoms
        Of the molecule.
    unseen
        Heavy atoms that are bonded as none in training.
    """

    expected_rmsd: float
    thermal_rmsd: float
    spread: float
    rotatable_bonds: float
    heavy_atoms: float
    unseen: float


def evidence_of(
    mol: Chem.Mol, expected_rmsd: float, thermal_rmsd: float, spread: float, domain: Mapping | None = None
) -> Evidence:
    """Collect the evidence of one molecule; ``domain`` as in ``domain.Domain.config``."""
    return Evidence(
        expected_rmsd,
        thermal_rmsd,
        spread,
        float(rdMolDescriptors.CalcNumRotatableBonds(Chem.RemoveHs(mol))),
        float(mol.GetNumHeavyAtoms()),
        float(len(unseen_environments(mol, domain))) if domain else 0.0,
    )


def calibrate(evidence: Sequence[Evidence], errors: Sequence[float]) -> Calibration | None:
    """Fit the true errors, in angstrom: a sum with weights that are not negative, then a rising line.

    Gives the weights (of a constant and of each kind of evidence) and the corners of the line; None with few
    molecules.
    """
    if len(evidence) < FEWEST:
        return None
    table = np.column_stack([np.ones(len(evidence)), np.array(evidence)])
    weights = nnls(table, np.asarray(errors, float))[0]
    expected = table @ weights
    order = np.argsort(expected, kind="stable")
    ascending, fitted = expected[order], isotonic_regression(np.asarray(errors, float)[order])
    middles = [
        (float(ascending[begin:end].mean()), float(fitted.x[begin]))
        for begin, end in zip(fitted.blocks[:-1], fitted.blocks[1:], strict=True)
    ]
    return {
        "weights": weights.tolist(),
        "expected": [middle[0] for middle in middles],
        "error": [middle[1] for middle in middles],
    }


def calibrations(
    pairs: Sequence[tuple[Evidence, float]], conventions: Sequence[str | None]
) -> dict[str, Calibration | dict[str, Calibration] | None]:
    """Fit (evidence, error) ``pairs``: all as ``calibration``, by their conventions as ``calibrations``.

    A convention with fewer than ``FEWEST`` has none of its own.
    """
    own = {}
    for name in dict.fromkeys(conventions):
        mine = [pair for pair, one in zip(pairs, conventions, strict=True) if one == name]
        fitted = calibrate(*zip(*mine, strict=True))
        if name is not None and fitted is not None:
            own[name] = fitted
    return {"calibration": calibrate(*zip(*pairs, strict=True)), "calibrations": own}


def calibrated(evidence: Evidence, calibration: Mapping[str, Sequence[float]]) -> float:
    """Give the RMSD of heavy atoms, in angstrom, that goes with some evidence.

    Beyond what the validation part had, it rises in proportion: there is no largest error.
    """
    expected = float(np.dot(calibration["weights"], [1.0, *evidence]))
    last = calibration["expected"][-1]
    error = float(np.interp(expected, calibration["expected"], calibration["error"]))
    return error * expected / last if expected > last > 0 else error
