"""Coverage, and mean distances to the nearest crystal, of a generated and a reference set (CDVAE)."""

from collections.abc import Mapping

import numpy as np
from scipy.spatial.distance import cdist, pdist

# largest distance of a covered crystal: structure, composition
CUTOFFS = {"perov_5": (0.2, 4.0), "carbon_24": (0.2, 4.0), "mp_20": (0.4, 10.0)}

SOURCE = "CDVAE (Xie et al., ICLR 2022), scripts/eval_utils.py compute_cov"
VERSION = "cdvae-f857f59"


def definitions(cutoffs: tuple[float, float]) -> dict[str, dict[str, str]]:
    """Name, version and source of each metric; the structure and the composition cut-off."""
    limits = f"structure <= {cutoffs[0]:g}, composition <= {cutoffs[1]:g}"
    about = {
        "cov_recall": (
            "COV-R",
            "share of the reference crystals whose nearest generated structure and nearest generated "
            f"composition (not necessarily of one crystal) are within the cut-offs: {limits}",
        ),
        "cov_precision": (
            "COV-P",
            "the same of generated crystals with the reference, over all of them, also those without a "
            f"fingerprint: {limits}",
        ),
        "amsd_recall": ("AMSD-R", "mean over the reference of the distance to the nearest structure"),
        "amsd_precision": ("AMSD-P", "mean over the generated crystals of the same"),
        "amcd_recall": ("AMCD-R", "mean over the reference of the distance to the nearest composition"),
        "amcd_precision": ("AMCD-P", "mean over the generated crystals of the same"),
        "structure_diversity": (
            "structural diversity",
            "mean distance of two fingerprints among a seeded draw of the valid crystals",
        ),
        "composition_diversity": (
            "compositional diversity",
            "mean distance of two composition fingerprints among the same draw",
        ),
    }
    prints = "CrystalNN `ops` and standardised Magpie fingerprints, Euclidean distances"
    return {
        key: {"name": name, "version": VERSION, "source": f"{SOURCE}: {text}; {prints}"}
        for key, (name, text) in about.items()
    }


def nearest(one: np.ndarray, other: np.ndarray, block: int = 1000) -> tuple[np.ndarray, np.ndarray]:
    """Distance of each row of ``one`` (n, d) to the nearest of ``other`` (m, d), and the other way round."""
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
    """Nearest distances of generated crystals (n, d) and reference crystals (m, d) to the other set."""
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
    """One value a crystal of each metric: its mean is the metric, its resampling the interval.

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
    """Mean Euclidean distance of two different rows of (n, d); n >= 2."""
    return float(pdist(fingerprints).mean())
