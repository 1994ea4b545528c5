"""CDVAE's comparison of predicted crystals with the true ones, each reference beside its predictions."""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import NamedTuple, TypeVar

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.content import content_key
from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.baselines import CubicTemplate, cubic_template, guess_cubic
from groundstate.metrics.crystals.composition_validity import composition_is_valid
from groundstate.metrics.crystals.structure_validity import structure_is_valid
from groundstate.processes import map_chunks
from groundstate.progress import Progress
from groundstate.seeds import derive_seed

TOLERANCES = {"stol": 0.5, "angle_tol": 10, "ltol": 0.3}
CHUNK = 20  # crystals of a task
Value = TypeVar("Value")


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


def match_distance(prediction: Structure, truth: Structure, matcher: StructureMatcher) -> float | None:
    """Compute the matcher's rms displacement over (volume / atoms)^(1/3); None where the two do not match."""
    distances = matcher.get_rms_dist(prediction, truth)
    return None if distances is None else float(distances[0])


def pair_up(
    predicted: Sequence[NamedStructure], reference: Sequence[NamedStructure]
) -> tuple[list[Case], list[str]]:
    """Pair predictions with references by id or ``ID_0``, ``ID_1``, ...; and ids that are no reference's."""
    references = {crystal.id for crystal in reference}
    predictions: dict[str, list[Structure]] = defaultdict(list)
    extra = []
    for name, structure in predicted:
        own = name if name in references else name.rpartition("_")[0]
        if own in references:
            predictions[own].append(structure)
        else:
            extra.append(name)
    return [Case(name, truth, predictions[name]) for name, truth in reference], extra


def template_cases(
    train: Sequence[NamedStructure], reference: Sequence[NamedStructure], samples: int, seed: int
) -> list[Case]:
    """Put each reference composition on the ideal cubic cell, cations placed blindly; or give none."""
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
    for matches in map_chunks(partial(_match_chunk, oxidation_list=oxidation_list), chunks, workers):
        rows += matches
        progress.update(len(matches))
    return rows


def _match_chunk(cases: list[Case], oxidation_list: str) -> list[Match]:
    matcher = StructureMatcher(
        stol=TOLERANCES["stol"], angle_tol=TOLERANCES["angle_tol"], ltol=TOLERANCES["ltol"]
    )
    rows = []
    for name, truth, predictions in cases:
        distance = _once(partial(match_distance, truth=truth, matcher=matcher))
        valid = _once(partial(_is_valid, oxidation_list=oxidation_list))
        distances = [distance(one) for one in predictions]
        formula = truth.composition.reduced_formula
        rows.append(Match(name, formula, distances, [valid(one) for one in predictions]))
    return rows


def _once(function: Callable[[Structure], Value]) -> Callable[[Structure], Value]:
    """Evaluate ``function`` once for identical crystals."""
    values: dict[str, Value] = {}

    def remembered(structure: Structure) -> Value:
        coordinates = (structure.lattice.matrix, structure.frac_coords)
        key = content_key(np.array(structure.atomic_numbers), coordinates)
        if key not in values:
            values[key] = function(structure)
        return values[key]

    return remembered


def _is_valid(structure: Structure, oxidation_list: str) -> bool:
    counts = {symbol: int(n) for symbol, n in structure.composition.get_el_amt_dict().items()}
    return structure_is_valid(structure) and composition_is_valid(counts, oxidation_list)
