"""Two sets of predictions compared on the molecules that both have: never different molecules."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

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
    common = [name for name in ours if name in theirs]
    rows = [(ours[name], theirs[name]) for name in common]
    compared = {
        key: comparison
        for key, about in definitions.items()
        if about.direction is not None
        and (comparison := _compare_one(key, rows, about.direction, seed, samples)) is not None
    }
    return {"n": len(common), "metrics": compared}


def _compare_one(
    key: str, rows: Sequence[tuple[Terms, Terms]], direction: str, seed: int, samples: int
) -> dict | None:
    pairs = [(own[key], other[key]) for own, other in rows if key in own and key in other]
    table = np.array([pair for pair in pairs if pair[0][1] and pair[1][1]], float)  # (n, side, term)
    if not len(table):
        return None
    totals = table.sum(0)
    ours, theirs = (_rooted(key, total[0] / total[1]) for total in totals)
    draws = _rooted(key, ratio_draws(table[..., 0], table[..., 1], seed, samples))
    low, high = np.quantile(draws[:, 0] - draws[:, 1], tails())
    verdict = "no difference"
    if low > 0 or high < 0:
        verdict = "better" if (high < 0) == (direction == "lower") else "worse"
    return {
        "n": len(table),
        "ours": float(ours),
        "theirs": float(theirs),
        "difference": float(ours - theirs),
        "interval": [float(low), float(high)],
        "verdict": verdict,
    }


def _rooted(key: str, ratios: np.ndarray) -> np.ndarray:
    return np.sqrt(np.maximum(ratios, 0.0)) if key in ROOTS else np.asarray(ratios)
