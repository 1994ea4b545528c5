"""Structure prediction: is the true crystal among the predictions, and how closely is it met (CDVAE)."""

from collections.abc import Sequence

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

TOLERANCES = {"stol": 0.5, "angle_tol": 10, "ltol": 0.3}

DEFINITIONS = {
    "match_rate": {
        "name": "match rate",
        "version": "cdvae-f857f59",
        "source": "CDVAE (Xie et al., ICLR 2022), scripts/compute_metrics.py RecEval: share of the reference "
        f"crystals that a prediction matches (pymatgen StructureMatcher, {TOLERANCES}); a prediction that is "
        "invalid in structure or composition matches nothing; of several predictions the closest counts",
    },
    "rmse": {
        "name": "RMSE",
        "version": "cdvae-f857f59",
        "source": "same: mean over the matches of the matcher's rms displacement, in units of the cube root "
        "of the volume an atom",
    },
}


def match_distance(prediction: Structure, truth: Structure, matcher: StructureMatcher) -> float | None:
    """The matcher's normalised rms displacement of two crystals; None where they do not match."""
    found = matcher.get_rms_dist(prediction, truth)
    return None if found is None else float(found[0])


def closest_match(predictions: Sequence[Structure], truth: Structure) -> float | None:
    """Smallest distance of the predictions to ``truth``; None where none matches."""
    matcher = StructureMatcher(**TOLERANCES)
    found = [match_distance(prediction, truth, matcher) for prediction in predictions]
    return min((distance for distance in found if distance is not None), default=None)


def match_rows(distances: Sequence[float | None]) -> tuple[np.ndarray, np.ndarray]:
    """Hits (n,) as 0 or 1, and the distances of the hits: their means are match rate and RMSE."""
    hits = np.array([distance is not None for distance in distances], float)
    return hits, np.array([distance for distance in distances if distance is not None])
