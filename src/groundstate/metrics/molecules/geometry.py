"""All geometry metrics of one molecule, and what they are over a set: the table behind ``score geometry``."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import cdist

from groundstate.metrics.molecules.connectivity import connectivity_match
from groundstate.metrics.molecules.distances import table_errors
from groundstate.metrics.molecules.embeddability import embeddability, is_valid, is_valid_3d
from groundstate.metrics.molecules.internal_coordinates import internal_coordinates, internal_errors
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.metrics.molecules.strain import mmff_strain
from groundstate.metrics.molecules.symmetry import symmetric_distance_errors
from groundstate.metrics.ratio_bootstrap import ratio_intervals
from groundstate.molecules.stereo import match_stereo

MOLECULE3D = "Molecule3D, arXiv 2110.01717"
GTMGC = "GTMGC, ICLR 2024"


class Definition(NamedTuple):
    """What a metric is: its value over a set is sum(numerators) / sum(denominators), or the root of that."""

    name: str
    source: str
    root: bool = False
    version: int = 1


DEFINITIONS = {
    "mae": Definition("MAE of distances over ordered pairs, pooled, angstrom", MOLECULE3D),
    "rmse": Definition("RMSE of distances over ordered pairs, pooled, angstrom", MOLECULE3D, root=True),
    "validity": Definition("share with no negative Gram eigenvalue (4e-4)", MOLECULE3D),
    "validity3d": Definition("share valid and with at most three eigenvalues", MOLECULE3D),
    "d_mae_n2": Definition("D-MAE over n^2 entries, zeros of the diagonal counted, angstrom", GTMGC),
    "d_rmse_n2": Definition("D-RMSE over n^2 entries, angstrom", GTMGC, root=True),
    "c_rmsd": Definition("heavy-atom best RMSD, mean over molecules, angstrom", GTMGC),
    "mae_symmetric": Definition("MAE after renumbering equivalent atoms, angstrom", "groundstate"),
    "mae_heavy": Definition("MAE of distances between heavy atoms, angstrom", "groundstate"),
    "rmse_heavy": Definition("RMSE of distances between heavy atoms, angstrom", "groundstate", root=True),
    "bond_mae": Definition("MAE of bond lengths, pooled, angstrom", "groundstate"),
    "angle_mae": Definition("MAE of bond angles, pooled, degrees", "groundstate"),
    "torsion_mae": Definition("MAE of proper torsions, pooled, degrees", "groundstate"),
    "embeddability": Definition("spectral mass that three dimensions hold, mean", "groundstate"),
    "connectivity": Definition("share whose contacts below 1.2 radii sums are the bonds", "groundstate"),
    "tetrahedral": Definition("share of the marked tetrahedral centres that are right", "groundstate"),
    "double_bond": Definition("share of the marked E/Z bonds that are right", "groundstate"),
    "stereo": Definition("share of the molecules with all stereo right", "groundstate"),
    "mmff_strain": Definition("MMFF94 energy above the nearest minimum, mean, kcal/mol", "groundstate"),
    "bond_round_trip": Definition("slow: share whose bonds RDKit perceives right", "RDKit DetermineBonds"),
    "posebusters": Definition("slow: share that passes all mol_fast checks", "PoseBusters 0.6"),
    "gfn2_strain": Definition("slow: GFN2-xTB energy above the nearest minimum, kcal/mol", "tblite"),
    "conformer_energy": Definition(
        "slow: its MMFF94 minimum above the best of 20 ETKDGv3 conformers, kcal/mol",
        "groundstate",
    ),
}
Terms = dict[str, tuple[float, float]]  # metric -> numerator, denominator


def reference_free_terms(mol: Chem.Mol, positions: np.ndarray, distances: np.ndarray | None = None) -> Terms:
    """Terms of the metrics that judge one geometry by ``mol`` alone, which carries the wanted stereo.

    ``distances`` (n, n): those of a model that predicts distances; else those of the positions.
    """
    if distances is None:
        distances = cdist(positions, positions)
    stereo = match_stereo(mol, positions)
    terms = {
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
    """Terms of the metrics that compare two geometries (n, 3) of ``mol``.

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


def molecule_values(terms: Terms) -> dict[str, float | None]:
    """The metrics of one molecule; ``None`` where it has nothing to measure (no torsion, no stereo)."""
    return {name: _value(name, *terms.get(name, (0, 0))) for name in DEFINITIONS}


def _value(name: str, numerator: float, denominator: float) -> float | None:
    if not denominator:
        return None
    ratio = float(numerator) / float(denominator)
    return ratio**0.5 if DEFINITIONS[name].root else ratio


def aggregate(rows: Sequence[Terms], seed: int = 0, samples: int = 1000) -> tuple[dict, dict]:
    """Metrics over a set and their 95 % intervals, both by name; ``None`` where no molecule has a value."""
    names = list(DEFINITIONS)
    table = np.array([[row.get(name, (0.0, 0.0)) for name in names] for row in rows], float).reshape(
        -1, len(names), 2
    )
    totals = table.sum(0)
    bounds = ratio_intervals(table[..., 0], table[..., 1], seed, samples)
    values = {name: _value(name, *total) for name, total in zip(names, totals, strict=True)}
    intervals = {
        name: None if np.isnan(bound).any() else _rooted(name, bound.tolist())
        for name, bound in zip(names, bounds, strict=True)
    }
    return values, intervals


def _rooted(name: str, bound: list[float]) -> list[float]:
    return [max(x, 0.0) ** 0.5 for x in bound] if DEFINITIONS[name].root else bound


def definitions() -> dict[str, dict]:
    """The definitions as JSON values, for the score files."""
    return {
        name: {"name": entry.name, "version": entry.version, "source": entry.source}
        for name, entry in DEFINITIONS.items()
    }
