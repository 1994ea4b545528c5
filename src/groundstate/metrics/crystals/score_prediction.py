"""Structure prediction scored: each reference crystal beside the predictions for its composition."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.content import content_key
from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals.baselines import CubicTemplate, cubic_template, guess_cubic
from groundstate.metrics.crystals.composition_validity import composition_is_valid
from groundstate.metrics.crystals.match import TOLERANCES, match_distance
from groundstate.metrics.crystals.structure_validity import structure_is_valid
from groundstate.processes import map_chunks
from groundstate.progress import Progress
from groundstate.seeds import derive_seed

CHUNK = 20  # crystals of a task
MANY = 20  # samples of the template baseline


class Case(NamedTuple):
    """A reference crystal and what was predicted for it, best first or in the order of sampling."""

    id: str
    truth: Structure
    predictions: list[Structure]


class Match(NamedTuple):
    """Normalised rms displacement of each prediction, None where it does not match; and which are valid."""

    id: str
    formula: str
    distances: list[float | None]
    valid: list[bool]


def definitions(oxidation_list: str) -> dict[str, dict[str, str]]:
    """Name, version and source of each metric; ``_k`` are those of all samples."""
    source = (
        "CDVAE (Xie et al., ICLR 2022, commit f857f59), scripts/compute_metrics.py RecEval: pymatgen "
        f"StructureMatcher, {TOLERANCES}"
    )
    valid = f"a prediction that is invalid in structure or composition ({oxidation_list}) matches nothing"
    rmse = "mean over the matches of the rms displacement, in units of the cube root of the volume an atom"
    texts = {
        "match_rate": f"share of the reference crystals that the first sample matches; {valid}",
        "match_rmse": f"{rmse}; first sample; {valid}",
        "match_rate_k": f"share of the reference crystals that any of k samples matches; {valid}",
        "match_rmse_k": f"{rmse}; the closest of k samples; {valid}",
        "match_rate_unfiltered": "share that the first sample matches, valid or not",
        "match_rate_k_unfiltered": "share that any of k samples matches, valid or not",
    }
    return {
        key: {"name": key.replace("_", " "), "version": "cdvae-f857f59", "source": f"{source}: {text}"}
        for key, text in texts.items()
    }


def pair_up(
    predicted: Sequence[NamedStructure], reference: Sequence[NamedStructure]
) -> tuple[list[Case], list[str]]:
    """Predictions by the reference's id, or by ``ID_0``, ``ID_1``, ...; and ids that are no reference's."""
    known = {crystal.id for crystal in reference}
    found: dict[str, list[Structure]] = defaultdict(list)
    extra = []
    for name, structure in predicted:
        own = name if name in known else name.rpartition("_")[0]
        if own in known:
            found[own].append(structure)
        else:
            extra.append(name)
    return [Case(name, truth, found[name]) for name, truth in reference], extra


def template_cases(
    train: Sequence[NamedStructure], reference: Sequence[NamedStructure], samples: int, seed: int
) -> list[Case]:
    """Each reference composition on the ideal cubic cell, cations placed blindly; none without a template."""
    template = cubic_template(train)
    return [] if template is None else list(_placed(template, reference, samples, seed))


def _placed(
    template: CubicTemplate, reference: Sequence[NamedStructure], samples: int, seed: int
) -> Iterator[Case]:
    for name, truth in reference:
        generator = np.random.default_rng(derive_seed(seed, "template", name))
        yield Case(name, truth, [guess_cubic(template, truth, generator) for _ in range(samples)])


def match_cases(
    cases: Sequence[Case], oxidation_list: str, workers: int = 1, name: str = "match"
) -> list[Match]:
    """Compare every prediction with its reference crystal."""
    progress = Progress(name, len(cases), "crystal")
    chunks = (list(cases[start : start + CHUNK]) for start in range(0, len(cases), CHUNK))
    rows: list[Match] = []
    for found in map_chunks(partial(_match_chunk, oxidation_list=oxidation_list), chunks, workers):
        rows += found
        progress.update(len(found))
    return rows


def _match_chunk(cases: list[Case], oxidation_list: str) -> list[Match]:
    matcher = StructureMatcher(**TOLERANCES)
    rows = []
    for name, truth, predictions in cases:
        distance = _once(lambda one, truth=truth: match_distance(one, truth, matcher))
        valid = _once(lambda one: _is_valid(one, oxidation_list))
        distances = [distance(one) for one in predictions]
        formula = truth.composition.reduced_formula
        rows.append(Match(name, formula, distances, [valid(one) for one in predictions]))
    return rows


def _once(function: Callable[[Structure], object]) -> Callable[[Structure], object]:
    """``function``, evaluated once for identical crystals."""
    known: dict[str, object] = {}

    def remembered(structure: Structure) -> object:
        numbers = np.array(structure.atomic_numbers)
        key = content_key(numbers, (structure.lattice.matrix, structure.frac_coords))
        if key not in known:
            known[key] = function(structure)
        return known[key]

    return remembered


def _is_valid(structure: Structure, oxidation_list: str) -> bool:
    counts = {symbol: int(n) for symbol, n in structure.composition.get_el_amt_dict().items()}
    return structure_is_valid(structure) and composition_is_valid(counts, oxidation_list)


def summarise_matches(rows: Sequence[Match], extra: int = 0, seed: int = 0) -> dict:
    """Rates over all reference crystals, also those without a prediction, with 95 % bootstrap intervals."""
    summary: dict = {
        "n": len(rows),
        "missing": sum(not row.distances for row in rows),
        "extra": extra,
        "samples": max((len(row.distances) for row in rows), default=0),
        "intervals": {},
    }
    for suffix, most in (("", 1), ("_k", None)):
        kept = [_best(row, most, valid_only=True) for row in rows]
        found = {f"match_rate{suffix}": np.array([value is not None for value in kept], float)}
        found[f"match_rmse{suffix}"] = np.array([value for value in kept if value is not None])
        every = [_best(row, most, valid_only=False) is not None for row in rows]
        found[f"match_rate{suffix}_unfiltered"] = np.array(every, float)
        for key, values in found.items():
            if len(values):
                summary[key] = float(values.mean())
                summary["intervals"][key] = list(bootstrap_interval(values, seed=seed))
    return summary


def _best(row: Match, most: int | None, valid_only: bool) -> float | None:
    pairs = zip(row.distances[:most], row.valid[:most], strict=True)
    return min((d for d, valid in pairs if d is not None and (valid or not valid_only)), default=None)


def table(rows: Sequence[Match]) -> list[dict]:
    """One row a reference crystal."""
    return [
        {
            "id": row.id,
            "formula": row.formula,
            "samples": len(row.distances),
            "first_valid": row.valid[0] if row.valid else None,
            "first_distance": row.distances[0] if row.distances else None,
            "closest_distance": _best(row, None, valid_only=True),
        }
        for row in rows
    ]
