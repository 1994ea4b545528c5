"""CDVAE's comparison of a predicted crystal with the true one."""

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

TOLERANCES = {"stol": 0.5, "angle_tol": 10, "ltol": 0.3}


def match_distance(prediction: Structure, truth: Structure, matcher: StructureMatcher) -> float | None:
    """The matcher's rms displacement over (volume / atoms)^(1/3); None where the two do not match."""
    found = matcher.get_rms_dist(prediction, truth)
    return None if found is None else float(found[0])
