"""The whole stability stage as one function: relaxations, controls beside them, rates, labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pymatgen.core import Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.sun import are_novel, are_unique
from groundstate.potentials.atoms import to_structure
from groundstate.potentials.cache import Cache, content_key
from groundstate.potentials.dft import SCHEME, require_gpaw, single_point
from groundstate.potentials.interface import Potential, find_potential
from groundstate.progress import track
from groundstate.records import Rejection
from groundstate.stability.agreement import summarise_agreement
from groundstate.stability.control_comparison import compare_with_control
from groundstate.stability.describe import definitions, describe_hull
from groundstate.stability.hull import ReferenceHull
from groundstate.stability.inputs import GENERATED, Inputs, read_inputs
from groundstate.stability.phases import References, refuse_mixed_hull
from groundstate.stability.relaxation import StabilityScore, score_stability
from groundstate.stability.rows import StabilityRow, summarise_stability
from groundstate.stability.second import add_second_opinion
from groundstate.stability.settings import ScoreStability


@dataclass
class Evaluation:
    """Everything the stage writes."""

    scores: dict[str, StabilityScore]  # "generated" and the controls
    summary: dict
    hull: ReferenceHull
    rejected_references: list[Rejection] = field(default_factory=list)


def evaluate_stability(
    path: Path, references: Sequence[Path], settings: ScoreStability, cache: Cache, seed: int = 0
) -> Evaluation:
    """Score the crystals of a file against known phases, with the controls that the settings name.

    Parameters
    ----------
    references
        Files of known phases (crystals, or ComputedEntry JSON): the hull, and what novelty is counted
        against.
    """
    potential, second = _potentials(settings)
    inputs = read_inputs(path, references, settings, seed)
    scores, known = _calculate(inputs, potential, second, settings, cache)
    for name, members in inputs.sets.items():
        _add_sun(scores[name], dict(members), inputs.phases)
    ours = scores[GENERATED]
    ours.rows = inputs.in_order(ours.rows)
    summary = _summarise(ours.rows, settings, seed)
    summary["definitions"] = definitions(potential, second, settings)
    summary["hull"] = describe_hull(ours.rows, known, inputs, potential)
    summary["baselines"] = {
        name: _summarise(score.rows, settings, seed) for name, score in scores.items() if name != GENERATED
    }
    for name in ("random_search", "prototypes"):
        if name in scores:
            against = compare_with_control(ours.rows, scores[name].rows, settings.thresholds, seed)
            summary[f"against_{name}"] = against
    return Evaluation(scores, summary, known.hull, [*inputs.bad_phases, *known.failures])


def fill_cache(
    path: Path,
    references: Sequence[Path],
    settings: ScoreStability,
    cache: Cache,
    seed: int,
    shard: tuple[int, int],
) -> dict[str, int]:
    """Do the calculations of the k-th of n parts, which ``evaluate_stability`` then finds in the cache.

    Returns the number of crystals of each set in this part.
    """
    potential, second = _potentials(settings)
    inputs = read_inputs(path, references, settings, seed, shard)
    _calculate(inputs, potential, second, settings, cache)
    return {name: len(members) for name, members in inputs.sets.items()}


def _potentials(settings: ScoreStability) -> tuple[Potential, Potential | None]:
    first = find_potential(settings.potential, settings.potential_arguments, settings.potential_scheme)
    if settings.dft:
        require_gpaw(settings.dft_python)
    return first, find_potential(settings.second_potential) if settings.second_potential else None


def _calculate(
    inputs: Inputs, potential: Potential, second: Potential | None, settings: ScoreStability, cache: Cache
) -> tuple[dict[str, StabilityScore], References]:
    if second is not None:
        refuse_mixed_hull(inputs.entries, second)  # before the relaxations and not after them
    scores, known = score_stability(
        inputs.sets, inputs.phases, inputs.prototypes, inputs.entries, potential, settings, cache
    )
    if second is not None:
        add_second_opinion(scores, known, inputs.entries, second, settings, cache)
    if settings.dft:
        _add_dft(scores[GENERATED], settings, cache)
    return scores, known


def _summarise(rows: Sequence[StabilityRow], settings: ScoreStability, seed: int) -> dict:
    summary = summarise_stability(rows, settings.thresholds, seed)
    if settings.second_potential:
        summary["agreement"] = summarise_agreement(rows, settings.thresholds, seed)
    return summary


def _add_sun(score: StabilityScore, before: Mapping[str, Structure], known: Sequence[NamedStructure]) -> None:
    """Uniqueness and novelty of the relaxed crystals (of the given ones, where nothing was relaxed)."""
    references = [structure for _, structure in known]
    given = [before[row.id] for row in score.rows]
    final = [
        to_structure(score.relaxed[row.id]) if row.id in score.relaxed else structure
        for row, structure in zip(score.rows, given, strict=True)
    ]
    columns = (
        are_unique(final),
        are_novel(final, references),
        are_unique(given),
        are_novel(given, references),
    )
    for row, unique, novel, unique_before, novel_before in zip(score.rows, *columns, strict=True):
        row.unique, row.novel = unique, novel
        row.unique_before, row.novel_before = unique_before, novel_before


def _add_dft(score: StabilityScore, settings: ScoreStability, cache: Cache) -> None:
    version = require_gpaw(settings.dft_python)
    rows = [row for row in score.rows if row.outcome == "converged"]
    for row in track(rows, "dft", len(rows), "crystal"):
        atoms = score.relaxed[row.id]
        key = content_key(atoms, SCHEME, version, row.magnetic)
        result = cache.get(key)
        if result is None:
            try:
                energy = single_point(atoms, settings.dft_python, spin=row.magnetic)
            except RuntimeError as error:
                row.reason = f"dft: {error}"
                continue
            result = {"outcome": "single", "energy": energy}
            cache.put(key, result)
        row.dft_energy_per_atom = result["energy"] / len(atoms)
