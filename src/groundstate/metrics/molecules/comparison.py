"""Two sets of predictions compared on the molecules that both have: never different molecules."""

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from groundstate.metrics.bootstrap import ratio_draws, tails
from groundstate.metrics.definition import Definition
from groundstate.metrics.molecules.definitions import ROOTS
from groundstate.metrics.molecules.geometry import Terms


def set_digest(ids: Iterable[str]) -> str:
    """Give a short name for a set of molecules: equal where the ids are, whatever their order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()[:16]


def compare(
    ours: Mapping[str, Terms],
    theirs: Mapping[str, Terms],
    definitions: Mapping[str, Definition],
    seed: int = 0,
    samples: int = 1000,
) -> dict:
    """Compare two files metric by metric, over the molecules where both have a value.

    Parameters
    ----------
    ours, theirs
        Terms by id.
    definitions
        Metrics to compare: those of them that have a direction.
    seed, samples
        Of the bootstrap over molecules; both sides are resampled together.

    Returns
    -------
    dict
        ``n`` molecules in both and ``metrics``: by name ``n``, ``ours``, ``theirs``, their ``difference``
        (ours minus theirs, in the unit of the metric), its 95 % ``interval``, and whether that tells the two
        apart: ``verdict`` is ``better``, ``worse`` or ``no difference``.
    """
    common = [(ours[name], theirs[name]) for name in ours if name in theirs]
    keys = [key for key, about in definitions.items() if about.direction is not None]
    if not common or not keys:
        return {"n": len(common), "metrics": {}}
    table = np.array([[_pair(own, other, key) for key in keys] for own, other in common], float)
    # (molecule, metric, side, term)
    flat = table.reshape(len(common), 2 * len(keys), 2)
    draws = ratio_draws(flat[..., 0], flat[..., 1], seed, samples).reshape(-1, len(keys), 2)
    compared = {}
    for index, key in enumerate(keys):
        n = int((table[:, index, 0, 1] > 0).sum())
        if n:
            totals = table[:, index].sum(0)
            values = _rooted(key, totals[:, 0] / totals[:, 1])
            differences = -np.diff(_rooted(key, draws[:, index]), axis=1)
            lower = definitions[key].direction == "lower"
            compared[key] = {"n": n, **_compare(values, np.nanquantile(differences, tails()), lower)}
    return {"n": len(common), "metrics": compared}


def _pair(own: Terms, other: Terms, key: str) -> list[tuple[float, float]]:
    """Give the terms of both sides; zeros where one side has no value, so that neither counts."""
    pair = [own.get(key, (0.0, 0.0)), other.get(key, (0.0, 0.0))]
    return pair if pair[0][1] and pair[1][1] else [(0.0, 0.0)] * 2


def _compare(values: np.ndarray, bounds: np.ndarray, lower: bool) -> dict:
    ours, theirs = values.tolist()
    low, high = bounds.tolist()
    verdict = "no difference"
    if low > 0 or high < 0:
        verdict = "better" if (high < 0) == lower else "worse"
    return {
        "ours": ours,
        "theirs": theirs,
        "difference": ours - theirs,
        "interval": [low, high],
        "verdict": verdict,
    }


def _rooted(key: str, ratios: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(ratios, 0.0)) if key in ROOTS else ratios
