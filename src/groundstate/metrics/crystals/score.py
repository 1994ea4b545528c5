"""All measures of a set of generated crystals against a reference set, with baselines beside it."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from scipy.stats import wasserstein_distance

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals import (
    composition_validity,
    coverage,
    distributions,
    structure_validity,
    sun,
)
from groundstate.metrics.crystals.fingerprints import Fingerprints
from groundstate.metrics.crystals.validity import ValidityRow
from groundstate.records import Rejection
from groundstate.seeds import derive_seed

EMD_RESAMPLES = 200


class CrystalSet(NamedTuple):
    """Readable crystals with what is known of each, in order, and the number of unreadable ones."""

    crystals: Sequence[NamedStructure]
    rejections: Sequence[Rejection]
    validity: Sequence[ValidityRow]
    fingerprints: Fingerprints
    energies: np.ndarray | None = None  # (n,) formation energies, eV/atom; NaN: the potential failed

    @property
    def structure_valid(self) -> np.ndarray:
        """Structurally valid crystals (n,)."""
        return np.array([row.structure_valid for row in self.validity], bool)

    @property
    def valid(self) -> np.ndarray:
        """CDVAE's joint validity (n,): structure and composition, and a fingerprint can be built."""
        return np.array([row.valid for row in self.validity], bool) & self.fingerprints.exist

    def take(self, indices: np.ndarray) -> "CrystalSet":
        """Those of ``indices``, none unreadable."""
        chosen = indices.tolist()
        prints = self.fingerprints
        return CrystalSet(
            [self.crystals[i] for i in chosen],
            [],
            [self.validity[i] for i in chosen],
            Fingerprints(
                prints.structures[indices], prints.compositions[indices], [prints.reasons[i] for i in chosen]
            ),
            None if self.energies is None else self.energies[indices],
        )

    def properties(self) -> dict[str, np.ndarray]:
        """Density (g/cm3), number of different elements and, if computed, energy of each crystal."""
        structures = [crystal.structure for crystal in self.crystals]
        values = {
            "density": np.array([structure.density for structure in structures], float),
            "elements": np.array([len(set(structure.species)) for structure in structures], float),
        }
        return values if self.energies is None else values | {"energy": self.energies}


def definitions(cutoffs: str, oxidation_list: str, potential: str | None = None) -> dict[str, dict[str, str]]:
    """Name, version and source of every metric; ``potential`` is the one that gave the energies."""
    version = structure_validity.DEFINITION["version"]
    unique, novel = sun.DEFINITIONS["unique"], sun.DEFINITIONS["novel"]
    among = "; share of the structurally valid crystals, not relaxed"
    return {
        "structure_validity": structure_validity.DEFINITION,
        "composition_validity": composition_validity.DEFINITION | {"oxidation_states": oxidation_list},
        "valid": {
            "name": "valid",
            "version": version,
            "source": "both of the above, and the CrystalNN fingerprint can be built",
        },
        **coverage.definitions(coverage.CUTOFFS[cutoffs]),
        **distributions.definitions(potential),
        "unique": unique | {"source": unique["source"] + among},
        "novel": novel | {"source": novel["source"] + ", here the training set" + among},
    }


def score_crystals(
    found: CrystalSet,
    reference: CrystalSet,
    train: Sequence[NamedStructure] | None,
    cutoffs: str,
    seed: int,
) -> tuple[dict, list[dict]]:
    """Summary of a set, and one row a readable crystal; without ``train`` there is no novelty."""
    values, intervals = {}, {}

    def keep(key: str, rows: np.ndarray) -> None:
        if len(rows) and np.isfinite(rows).all():  # no fingerprint at all: no distance to anything
            values[key] = float(np.mean(rows))
            intervals[key] = list(bootstrap_interval(rows, seed=seed))

    unread = np.zeros(len(found.rejections))
    shares = {
        "structure_validity": found.structure_valid,
        "composition_validity": [row.composition_valid for row in found.validity],
        "valid": found.valid,
    }
    for key, share in shares.items():
        keep(key, np.concatenate([np.array(share, float), unread]))
    distances = coverage.nearest_distances(*found.fingerprints.of(slice(None)), *_known(reference))
    n = len(found.crystals) + len(found.rejections)
    for key, rows in coverage.coverage_rows(distances, coverage.CUTOFFS[cutoffs], n).items():
        keep(key, rows)
    emd = _distribution_values(found, reference, seed)
    values |= emd["values"]
    intervals |= emd["intervals"]
    unique, novel = _unique_and_novel(found, train)
    for key, flags in (("unique", unique), ("novel", novel)):
        keep(key, np.array([flag for flag in flags if flag is not None], float))
    summary = {
        "n": n,
        "failed": len(found.rejections),
        "reference": len(reference.crystals),
        **values,
        **_diversity(found, seed),
        "intervals": intervals,
    }
    return summary, _rows(found, distances, cutoffs, unique, novel)


def _known(reference: CrystalSet) -> tuple[np.ndarray, np.ndarray]:
    return reference.fingerprints.of(slice(None))


def _distribution_values(found: CrystalSet, reference: CrystalSet, seed: int) -> dict[str, dict]:
    """Earth mover's distances of the valid crystals, and intervals over crystals."""
    ours, theirs = found.properties(), reference.properties()
    values, intervals = {}, {}
    for key in (key for key in ours if key in theirs):
        rows, wanted = ours[key][found.valid], theirs[key]
        rows, wanted = rows[np.isfinite(rows)], wanted[np.isfinite(wanted)]
        if len(rows) and len(wanted):
            draws = distributions.drawn_distances(rows, wanted, seed)
            values[f"{key}_emd"] = float(draws.mean())
            size = min(len(rows), distributions.DRAW)
            distance = partial(_first_distance, size=size, reference=wanted)
            intervals[f"{key}_emd"] = list(bootstrap_interval(rows, distance, seed=seed, draws=EMD_RESAMPLES))
    return {"values": values, "intervals": intervals}


def _first_distance(rows: np.ndarray, size: int, reference: np.ndarray) -> float:
    return wasserstein_distance(rows[:size], reference)


def _unique_and_novel(
    found: CrystalSet, train: Sequence[NamedStructure] | None
) -> tuple[list[bool | None], list[bool | None]]:
    """For each crystal; None for those that are structurally invalid, or without a training set."""
    indices = np.flatnonzero(found.structure_valid).tolist()
    structures = [found.crystals[index].structure for index in indices]
    unique: list[bool | None] = [None] * len(found.crystals)
    novel: list[bool | None] = [None] * len(found.crystals)
    for index, flag in zip(indices, sun.are_unique(structures), strict=True):
        unique[index] = flag
    if train is not None:
        known = [crystal.structure for crystal in train]
        for index, flag in zip(indices, sun.are_novel(structures, known), strict=True):
            novel[index] = flag
    return unique, novel


def _diversity(found: CrystalSet, seed: int) -> dict[str, float]:
    chosen = np.flatnonzero(found.valid)
    if len(chosen) < 2:
        return {}
    generator = np.random.default_rng(derive_seed(seed, "diversity"))
    chosen = generator.permutation(chosen)[: distributions.DRAW]
    structures, compositions = found.fingerprints.of(chosen)
    return {
        "structure_diversity": coverage.diversity(structures),
        "composition_diversity": coverage.diversity(compositions),
    }


def _rows(
    found: CrystalSet,
    distances: dict[str, np.ndarray],
    cutoffs: str,
    unique: Sequence[bool | None],
    novel: Sequence[bool | None],
) -> list[dict]:
    values = found.properties()
    near = {key: np.full(len(found.crystals), np.nan) for key in ("structure", "composition")}
    for key, column in near.items():
        column[found.fingerprints.exist] = distances[f"{key}_precision"]
    limits = coverage.CUTOFFS[cutoffs]
    rows = []
    for index, row in enumerate(found.validity):
        to_structure, to_composition = near["structure"][index], near["composition"][index]
        rows.append(
            row._asdict()
            | {
                "valid": bool(found.valid[index]),
                "density": values["density"][index],
                "elements": int(values["elements"][index]),
                "structure_distance": to_structure,
                "composition_distance": to_composition,
                "covered": bool(to_structure <= limits[0] and to_composition <= limits[1]),
                "unique": unique[index],
                "novel": novel[index],
                "reason": found.fingerprints.reasons[index],
            }
            | ({"energy": values["energy"][index]} if "energy" in values else {})
        )
    return rows


def score_halves(reference: CrystalSet, cutoffs: str, seed: int) -> dict:
    """The reference against itself: one random half as if it were generated, the other as reference."""
    generator = np.random.default_rng(derive_seed(seed, "halves"))
    order = generator.permutation(len(reference.crystals))
    half = len(order) // 2
    summary, _ = score_crystals(
        reference.take(order[:half]), reference.take(order[half:]), None, cutoffs, seed
    )
    return summary
