"""All measures of a set of generated crystals against a reference set, with baselines beside it."""

from collections.abc import Sequence
from functools import partial

import numpy as np
from scipy.stats import wasserstein_distance

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals import coverage, distributions, sun, validity
from groundstate.metrics.crystals.crystal_set import CrystalSet
from groundstate.metrics.crystals.own_metrics import summarise_own
from groundstate.metrics.definition import Definition
from groundstate.seeds import derive_seed

EMD_RESAMPLES = 200
COLUMNS = (
    *(name for name in validity.ValidityRow._fields if name != "warning"),
    *("density", "elements", "structure_distance", "composition_distance", "covered", "unique", "novel"),
    "energy",
)
REFERENCE = Definition("crystals of the reference set", "groundstate", label="Reference crystals", digits=0)


def definitions(
    cutoffs: str, oxidation_list: str, potential: str | None = None
) -> dict[str, dict[str, object]]:
    """Define every number, as JSON values; ``potential`` is the one that gave the energies."""
    among = "the structurally valid crystals, not relaxed"
    return validity.with_oxidation_list(
        {
            **validity.define_shares(f"and {validity.CRYSTALNN}"),
            **coverage.definitions(coverage.CUTOFFS[cutoffs]),
            **distributions.definitions(potential),
            "unique": sun.define_unique(among),
            "novel": sun.define_novel("the training crystals", among),
            "reference": REFERENCE,
            **validity.COUNTS,
        },
        oxidation_list,
    )


def score_crystals(
    scored: CrystalSet,
    reference: CrystalSet,
    train: Sequence[NamedStructure] | None,
    cutoffs: str,
    seed: int,
) -> tuple[dict, list[dict]]:
    """Summarise a set, and give one row per readable crystal; without ``train`` there is no novelty.

    Parameters
    ----------
    scored, reference
        The two sets.
    train
        Crystals that novelty is counted against.
    cutoffs
        Key of ``coverage.CUTOFFS``.
    seed
        Of draws and bootstrap intervals.
    """
    values: dict = {}
    intervals: dict = {}

    def keep(key: str, rows: np.ndarray) -> None:
        if len(rows) and np.isfinite(rows).all():  # no fingerprint at all: no distance to anything
            values[key] = float(np.mean(rows))
            intervals[key] = list(bootstrap_interval(rows, seed=seed))

    unread = np.zeros(len(scored.rejections))
    shares = {
        "structure_validity": scored.structure_valid,
        "composition_validity": [row.composition_valid for row in scored.validity],
        "valid": scored.valid,
    }
    for key, share in shares.items():
        keep(key, np.concatenate([np.array(share, float), unread]))
    distances = coverage.nearest_distances(
        *scored.fingerprints.of(slice(None)), *reference.fingerprints.of(slice(None))
    )
    n = len(scored.crystals) + len(scored.rejections)
    for key, rows in coverage.coverage_rows(distances, coverage.CUTOFFS[cutoffs], n).items():
        keep(key, rows)
    emd, emd_intervals = _distribution_values(scored, reference, seed)
    own, own_intervals = summarise_own(scored.own, seed)
    values |= emd | own
    intervals |= emd_intervals | own_intervals
    unique, novel = _unique_and_novel(scored, train)
    for key, flags in (("unique", unique), ("novel", novel)):
        keep(key, np.array([flag for flag in flags if flag is not None], float))
    summary = {
        "n": n,
        "failed": len(scored.rejections),
        "reference": len(reference.crystals),
        **values,
        **_diversity(scored, seed),
        "intervals": intervals,
    }
    return summary, _rows(scored, distances, cutoffs, unique, novel)


def _distribution_values(
    scored: CrystalSet, reference: CrystalSet, seed: int
) -> tuple[dict[str, float], dict[str, list[float]]]:
    """Compute earth mover's distances of the valid crystals, and intervals over crystals."""
    ours, theirs = scored.properties(), reference.properties()
    values: dict[str, float] = {}
    intervals: dict[str, list[float]] = {}
    for key in (key for key in ours if key in theirs):
        rows, target = ours[key][scored.valid], theirs[key]
        rows, target = rows[np.isfinite(rows)], target[np.isfinite(target)]
        if len(rows) and len(target):
            draws = distributions.drawn_distances(rows, target, seed)
            values[f"{key}_emd"] = float(draws.mean())
            size = min(len(rows), distributions.DRAW)
            distance = partial(_first_distance, size=size, reference=target)
            intervals[f"{key}_emd"] = list(bootstrap_interval(rows, distance, seed=seed, draws=EMD_RESAMPLES))
    return values, intervals


def _first_distance(rows: np.ndarray, size: int, reference: np.ndarray) -> float:
    return wasserstein_distance(rows[:size], reference)


def _unique_and_novel(
    scored: CrystalSet, train: Sequence[NamedStructure] | None
) -> tuple[list[bool | None], list[bool | None]]:
    """Judge each crystal; None for those that are structurally invalid, or without a training set."""
    indices = np.flatnonzero(scored.structure_valid).tolist()
    structures = [scored.crystals[index].structure for index in indices]
    unique: list[bool | None] = [None] * len(scored.crystals)
    novel: list[bool | None] = [None] * len(scored.crystals)
    for index, flag in zip(indices, sun.are_unique(structures), strict=True):
        unique[index] = flag
    if train is not None:
        references = [crystal.structure for crystal in train]
        for index, flag in zip(indices, sun.are_novel(structures, references), strict=True):
            novel[index] = flag
    return unique, novel


def _diversity(scored: CrystalSet, seed: int) -> dict[str, float]:
    chosen = np.flatnonzero(scored.valid)
    if len(chosen) < 2:
        return {}
    generator = np.random.default_rng(derive_seed(seed, "diversity"))
    chosen = generator.permutation(chosen)[: distributions.DRAW]
    structures, compositions = scored.fingerprints.of(chosen)
    return {
        "structure_diversity": coverage.diversity(structures),
        "composition_diversity": coverage.diversity(compositions),
    }


def _rows(
    scored: CrystalSet,
    distances: dict[str, np.ndarray],
    cutoffs: str,
    unique: Sequence[bool | None],
    novel: Sequence[bool | None],
) -> list[dict]:
    values = scored.properties()
    near = {key: np.full(len(scored.crystals), np.nan) for key in ("structure", "composition")}
    for key, column in near.items():
        column[scored.fingerprints.exist] = distances[f"{key}_precision"]
    limits = coverage.CUTOFFS[cutoffs]
    rows = []
    for index, row in enumerate(scored.validity):
        to_structure, to_composition = near["structure"][index], near["composition"][index]
        rows.append(
            {key: value for key, value in row._asdict().items() if key in COLUMNS}
            | {
                "valid": bool(scored.valid[index]),
                "density": values["density"][index],
                "elements": int(values["elements"][index]),
                "structure_distance": to_structure,
                "composition_distance": to_composition,
                "covered": bool(to_structure <= limits[0] and to_composition <= limits[1]),
                "unique": unique[index],
                "novel": novel[index],
                "reason": scored.fingerprints.reasons[index],
            }
            | ({"energy": values["energy"][index]} if "energy" in values else {})
            | {name: column[index] for name, column in scored.own.items()}
        )
    return rows


def score_halves(reference: CrystalSet, cutoffs: str, seed: int) -> dict:
    """Score the reference against itself: one random half as if it were generated, the other as reference."""
    generator = np.random.default_rng(derive_seed(seed, "halves"))
    order = generator.permutation(len(reference.crystals))
    half = len(order) // 2
    summary, _ = score_crystals(
        reference.take(order[:half]), reference.take(order[half:]), None, cutoffs, seed
    )
    return summary
