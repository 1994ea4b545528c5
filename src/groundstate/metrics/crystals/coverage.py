"""Coverage, and mean distances to the nearest crystal, of a generated and a reference set (CDVAE)."""

from collections.abc import Mapping

import numpy as np
from scipy.spatial.distance import cdist, pdist

from groundstate.metrics.definition import SHARE, Definition, Direction

# largest distance of a covered crystal: structure, composition
CUTOFFS = {"perov_5": (0.2, 4.0), "carbon_24": (0.2, 4.0), "mp_20": (0.4, 10.0)}

SOURCE = (
    "CDVAE (Xie et al., ICLR 2022), scripts/eval_utils.py compute_cov; CrystalNN `ops` and standardised "
    "Magpie fingerprints, Euclidean distances"
)
VERSION = "cdvae-f857f59"


def definitions(cutoffs: tuple[float, float]) -> dict[str, Definition]:
    """Define each metric; ``cutoffs`` of structure and composition distances."""
    limits = f"structure <= {cutoffs[0]:g}, composition <= {cutoffs[1]:g}"
    covered = (
        "share of the reference crystals whose nearest generated structure and nearest generated composition "
        f"(not necessarily of one crystal) are within the cut-offs: {limits}"
    )
    return {
        "cov_recall": _define(covered, SHARE, "higher", "Coverage, recall (COV-R)", 1),
        "cov_precision": _define(
            "the same of generated crystals with the reference, over all of them, also those without a "
            f"fingerprint: {limits}",
            SHARE,
            "higher",
            "Coverage, precision (COV-P)",
            1,
        ),
        "amsd_recall": _define(
            "mean over the reference of the distance to the nearest generated structure",
            "",
            "lower",
            "Nearest structure, recall (AMSD-R)",
        ),
        "amsd_precision": _define(
            "mean over the generated crystals of the distance to the nearest structure of the reference",
            "",
            "lower",
            "Nearest structure, precision (AMSD-P)",
        ),
        "amcd_recall": _define(
            "mean over the reference of the distance to the nearest generated composition",
            "",
            "lower",
            "Nearest composition, recall (AMCD-R)",
            2,
        ),
        "amcd_precision": _define(
            "mean over the generated crystals of the distance to the nearest composition of the reference",
            "",
            "lower",
            "Nearest composition, precision (AMCD-P)",
            2,
        ),
        "structure_diversity": _define(
            "mean distance of two fingerprints among a seeded draw of the valid crystals",
            "",
            None,
            "Diversity of structures",
            2,
        ),
        "composition_diversity": _define(
            "mean distance of two composition fingerprints among the same draw",
            "",
            None,
            "Diversity of compositions",
            2,
        ),
    }


def _define(text: str, unit: str, direction: Direction | None, label: str, digits: int = 3) -> Definition:
    return Definition(text, SOURCE, unit, direction, label, VERSION, digits)


def nearest(one: np.ndarray, other: np.ndarray, block: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Find for each row of ``one`` (n, d) the distance to the nearest of ``other`` (m, d), and vice versa."""
    ours, theirs = np.empty(len(one)), np.full(len(other), np.inf)
    for start in range(0, len(one), block):
        distances = cdist(one[start : start + block], other)
        ours[start : start + block] = distances.min(axis=1)
        theirs = np.minimum(theirs, distances.min(axis=0))
    return ours, theirs


def nearest_distances(
    structures: np.ndarray,
    compositions: np.ndarray,
    reference_structures: np.ndarray,
    reference_compositions: np.ndarray,
) -> dict[str, np.ndarray]:
    """Find the nearest distances of generated (n, d) and reference crystals (m, d) to the other set."""
    structure_precision, structure_recall = nearest(structures, reference_structures)
    composition_precision, composition_recall = nearest(compositions, reference_compositions)
    return {
        "structure_precision": structure_precision,
        "structure_recall": structure_recall,
        "composition_precision": composition_precision,
        "composition_recall": composition_recall,
    }


def coverage_rows(
    distances: Mapping[str, np.ndarray], cutoffs: tuple[float, float], generated: int
) -> dict[str, np.ndarray]:
    """Give one value per crystal of each metric: its mean is the metric, its resampling the interval.

    ``generated`` counts all generated crystals; those without a fingerprint are not covered.
    """
    covered = {
        side: (distances[f"structure_{side}"] <= cutoffs[0])
        & (distances[f"composition_{side}"] <= cutoffs[1])
        for side in ("recall", "precision")
    }
    missing = np.zeros(generated - len(covered["precision"]))
    return {
        "cov_recall": covered["recall"].astype(float),
        "cov_precision": np.concatenate([covered["precision"].astype(float), missing]),
        **{f"amsd_{side}": distances[f"structure_{side}"] for side in covered},
        **{f"amcd_{side}": distances[f"composition_{side}"] for side in covered},
    }


def diversity(fingerprints: np.ndarray) -> float:
    """Average the Euclidean distance of two different rows of (n, d); n >= 2."""
    return float(pdist(fingerprints).mean())
