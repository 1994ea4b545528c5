"""The whole stability stage as one function: relaxations, controls beside them, rates, definitions."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations
from groundstate.potentials.dft import require_gpaw
from groundstate.potentials.interface import find_potential
from groundstate.records import Rejection
from groundstate.stability.dft import add_dft
from groundstate.stability.inputs import GENERATED, Inputs, ReadReferences, chemical_systems, read_inputs
from groundstate.stability.novelty import add_novelty
from groundstate.stability.output.definitions import definitions
from groundstate.stability.output.describe import describe_hull
from groundstate.stability.phonons.modes import require_phonopy
from groundstate.stability.phonons.survivors import PhononCost, add_phonons
from groundstate.stability.references.hull import ReferenceHull
from groundstate.stability.references.phases import References, refuse_mixed_hull
from groundstate.stability.relaxation import StabilityScore, score_stability
from groundstate.stability.rows import StabilityRow
from groundstate.stability.second import add_second_opinion
from groundstate.stability.settings import ScoreStability
from groundstate.stability.summaries.agreement import summarise_agreement
from groundstate.stability.summaries.control_comparison import compare_with_control
from groundstate.stability.summaries.dynamics import summarise_dynamics
from groundstate.stability.summaries.protocols import summarise_protocols
from groundstate.stability.summaries.rates import summarise_complete, summarise_stability


@dataclass(frozen=True)
class Evaluation:
    """Everything the stage writes: ``scores`` of the generated crystals first, then of the controls.

    ``rejected_references`` are references and training crystals that could not be used.
    """

    scores: dict[str, StabilityScore]
    summary: dict[str, object]
    hull: ReferenceHull
    rejected_references: list[Rejection] = field(default_factory=list)
    phonon_cost: PhononCost | None = None


def evaluate_stability(
    path: Path,
    references: Sequence[Path],
    settings: ScoreStability,
    cache: Cache,
    seed: int = 0,
    train: Sequence[Path] = (),
    splits: Path | None = None,
    read: ReadReferences | None = None,
) -> Evaluation:
    """Score the crystals of a file against reference phases, with the controls that the settings name.

    Parameters
    ----------
    references
        Files of reference phases (crystals, or ComputedEntry JSON), besides the shipped ones: the hull, and
        what novelty is counted against.
    train
        Files of crystals that only novelty is counted against; with ``splits`` their training part.
    read
        ``references``, where they were read before (``read_inputs``).
    """
    first, second = _calculations(settings, cache)
    inputs = read_inputs(path, references, settings, first.potential.scheme, seed, train, splits, read=read)
    scores, placed = _calculate(inputs, settings, first, second)
    listed = inputs.references.use_shipped(first.potential.scheme)
    scores = {
        name: add_novelty(scores[name], dict(members), inputs.known_structures, inputs.training, listed)
        for name, members in inputs.sets.items()
    }
    cost = None
    if settings.phonons:
        scores[GENERATED], cost = add_phonons(scores[GENERATED], first, settings)
    ours = replace(scores[GENERATED], rows=inputs.in_order(scores[GENERATED].rows))
    scores[GENERATED] = ours
    summary = _summarise(ours.rows, settings, seed)
    if settings.phonons:
        summary["dynamics"] = summarise_dynamics(ours.rows, settings.thresholds, seed)
    summary["definitions"] = definitions(first, second, settings)
    summary["hull"] = describe_hull(ours.rows, placed, inputs.references, first.potential)
    summary["baselines"] = {
        name: _summarise(score.rows, settings, seed) for name, score in scores.items() if name != GENERATED
    }
    for name in ("random_search", "prototypes"):
        if name in scores:
            against = compare_with_control(ours.rows, scores[name].rows, settings.thresholds, seed)
            summary[f"against_{name}"] = against
    failures = [*inputs.unreadable_references, *placed.failures]
    return Evaluation(scores, summary, placed.hull, failures, cost)


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
    first, second = _calculations(settings, cache)
    inputs = read_inputs(path, references, settings, first.potential.scheme, seed, shard=shard)
    scores, _ = _calculate(inputs, settings, first, second)
    if settings.phonons:
        add_phonons(scores[GENERATED], first, settings)
    return {name: len(members) for name, members in inputs.sets.items()}


def calculations_of(settings: ScoreStability, cache: Cache) -> Calculations:
    """Set up the (first) potential of the settings; errors as ``find_potential``."""
    potential = find_potential(settings.potential, settings.potential_arguments, settings.potential_scheme)
    return Calculations(potential, cache, settings, settings.workers)


def _calculations(settings: ScoreStability, cache: Cache) -> tuple[Calculations, Calculations | None]:
    """Set up the first potential, and the second where the settings name one."""
    first = calculations_of(settings, cache)
    if settings.dft:
        require_gpaw(settings.dft_python)
    if settings.phonons:
        require_phonopy()
    if settings.second_potential is None:
        return first, None
    return first, replace(first, potential=find_potential(settings.second_potential))


def _calculate(
    inputs: Inputs, settings: ScoreStability, first: Calculations, second: Calculations | None
) -> tuple[dict[str, StabilityScore], References]:
    if second is not None:
        refuse_mixed_hull(inputs.references.entries, second.potential)  # before the relaxations, not after
    scores, placed = score_stability(inputs.sets, inputs.references, first)
    if second is not None:
        scores = add_second_opinion(scores, placed, inputs.references, chemical_systems(inputs.sets), second)
    if settings.dft:
        scores[GENERATED] = add_dft(scores[GENERATED], settings.dft_python, first.cache)
    return scores, placed


def _summarise(rows: Sequence[StabilityRow], settings: ScoreStability, seed: int) -> dict[str, object]:
    summary = summarise_stability(rows, settings.thresholds, seed)
    summary["complete_hulls"] = summarise_complete(rows, settings.thresholds, seed)
    summary["protocols"] = summarise_protocols(rows, settings.thresholds, seed)
    if settings.second_potential:
        summary["agreement"] = summarise_agreement(rows, settings.thresholds, seed)
    return summary
