"""All geometry metrics of one molecule, and over a set: the numbers behind ``score geometry``."""

from collections.abc import Sequence

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import cdist

from groundstate.metrics.bootstrap import bootstrap_interval, ratio_intervals
from groundstate.metrics.definition import GeometryMetric
from groundstate.metrics.molecules.connectivity import connectivity_match
from groundstate.metrics.molecules.definitions import DEFINITIONS, MEDIANS, ROOTS
from groundstate.metrics.molecules.distances import table_errors
from groundstate.metrics.molecules.embeddability import embeddability, is_valid, is_valid_3d
from groundstate.metrics.molecules.internal_coordinates import internal_coordinates, internal_errors
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.metrics.molecules.strain import mmff_strain
from groundstate.metrics.molecules.symmetry import symmetric_distance_errors
from groundstate.molecules.stereo import match_stereo

Terms = dict[str, tuple[float, float]]  # metric -> numerator, denominator


def reference_free_terms(mol: Chem.Mol, positions: np.ndarray, distances: np.ndarray | None = None) -> Terms:
    """Give the terms of the metrics that judge one geometry by ``mol`` alone, which carries the stereo.

    ``distances`` (n, n): those of a model that predicts distances; else those of the positions.
    """
    if distances is None:
        distances = cdist(positions, positions)
    stereo = match_stereo(mol, positions)
    terms: Terms = {
        "validity": (is_valid(distances), 1),
        "validity3d": (is_valid_3d(distances), 1),
        "embeddability": (embeddability(distances), 1),
        "connectivity": (connectivity_match(mol, positions), 1),
        "tetrahedral": (stereo.tetrahedral_right, stereo.tetrahedral),
        "double_bond": (stereo.double_bonds_right, stereo.double_bonds),
        "stereo": (stereo.complete, 1),
    }
    strain = mmff_strain(mol, positions)
    if strain is not None:
        terms["mmff_strain"] = (strain, 1)
    return terms


def reference_terms(
    mol: Chem.Mol, predicted: np.ndarray, reference: np.ndarray, distances: np.ndarray | None = None
) -> Terms:
    """Give the terms of the metrics that compare two geometries (n, 3) of ``mol``.

    The distance metrics take the predicted ``distances`` (n, n) where there are some.
    """
    if distances is None:
        distances = cdist(predicted, predicted)
    errors = table_errors(distances, reference)
    heavy = np.array([atom.GetAtomicNum() != 1 for atom in list(mol.GetAtoms())])
    heavy_errors = table_errors(distances[np.ix_(heavy, heavy)], reference[heavy])
    internal = internal_errors(internal_coordinates(mol), predicted, reference)
    symmetric = symmetric_distance_errors(mol, predicted, reference, distances)
    return {
        "mae": (errors.absolute, errors.pairs),
        "rmse": (errors.squared, errors.pairs),
        "d_mae_n2": (errors.absolute, errors.entries),
        "d_rmse_n2": (errors.squared, errors.entries),
        "c_rmsd": (heavy_rmsd(mol, predicted, reference), 1),
        "mae_symmetric": (symmetric.absolute, symmetric.pairs),
        "mae_heavy": (heavy_errors.absolute, heavy_errors.pairs),
        "rmse_heavy": (heavy_errors.squared, heavy_errors.pairs),
        "bond_mae": (internal.bond, internal.bonds),
        "angle_mae": (internal.angle, internal.angles),
        "torsion_mae": (internal.torsion, internal.torsions),
    }


def own_terms(
    metrics: Sequence[GeometryMetric], name: str, mol: Chem.Mol, predicted: np.ndarray, reference: np.ndarray
) -> Terms:
    """Give the terms of the user's ``metrics`` for the molecule ``name``; (n, 3) positions in angstrom.

    Raises
    ------
    GroundstateError
        Where the function of one fails.
    """
    values = {metric.name: metric(name, mol, predicted, reference) for metric in metrics}
    return {name: (value, 1) for name, value in values.items() if value is not None}


def molecule_values(terms: Terms, names: Sequence[str] = tuple(DEFINITIONS)) -> dict[str, float | None]:
    """Give the metrics of one molecule; None where it has nothing to measure (no torsion, no stereo)."""
    return {name: _value(name, *terms.get(name, (0, 0))) for name in names}


def _value(name: str, numerator: float, denominator: float) -> float | None:
    if not denominator:
        return None
    ratio = float(numerator) / float(denominator)
    return ratio**0.5 if name in ROOTS else ratio


def aggregate(
    rows: Sequence[Terms], seed: int = 0, samples: int = 1000, names: Sequence[str] = tuple(DEFINITIONS)
) -> tuple[dict[str, float | None], dict[str, list[float] | None]]:
    """Give the metrics of a set and their 95 % intervals, both by name; None where no molecule has a value.

    A value is the ratio of the summed terms, or the root of that; ``median_NAME`` beside those of
    ``MEDIANS``, for one broken geometry decides their means.
    """
    table = np.array([[row.get(name, (0.0, 0.0)) for name in names] for row in rows], float).reshape(
        -1, len(names), 2
    )
    bounds = ratio_intervals(table[..., 0], table[..., 1], seed, samples)
    values = {name: _value(name, *total) for name, total in zip(names, table.sum(0), strict=True)}
    intervals = {
        name: None if np.isnan(bound).any() else _rooted(name, bound.tolist())
        for name, bound in zip(names, bounds, strict=True)
    }
    for name in MEDIANS:
        ratios = np.array([row[name][0] / row[name][1] for row in rows if name in row], float)
        key = f"median_{name}"
        values[key] = float(np.median(ratios)) if len(ratios) else None
        intervals[key] = list(bootstrap_interval(ratios, np.median, seed, samples)) if len(ratios) else None
    return values, intervals


def _rooted(name: str, bound: list[float]) -> list[float]:
    return [max(x, 0.0) ** 0.5 for x in bound] if name in ROOTS else bound
