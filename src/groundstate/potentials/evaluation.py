"""The whole stability stage as one function: what to score, controls beside it, rates, labels."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ase.data import atomic_numbers
from pymatgen.core import Structure

from groundstate.errors import GroundstateError
from groundstate.metrics.agreement import add_second, summarise_agreement
from groundstate.metrics.control_comparison import compare_with_control
from groundstate.metrics.crystal_files import NamedStructure, read_structures
from groundstate.metrics.hull import ReferenceHull
from groundstate.metrics.stability import StabilityRow, summarise_stability
from groundstate.metrics.sun import are_novel, are_unique
from groundstate.potentials.cache import Cache, content_key
from groundstate.potentials.controls import random_search, substitute_prototypes, training_replay
from groundstate.potentials.describe import definitions, describe_hull
from groundstate.potentials.dft import SCHEME, require_gpaw, single_point
from groundstate.potentials.entries import is_entry_file, read_entries
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import ScoreStability
from groundstate.potentials.stability import StabilityScore, choose, score_stability, to_structure
from groundstate.progress import track
from groundstate.records import Rejection

GENERATED = "generated"


@dataclass
class Evaluation:
    """Everything the stage writes."""

    scores: dict[str, StabilityScore]  # "generated" and the controls
    summary: dict
    hull: ReferenceHull
    rejected_references: list[Rejection] = field(default_factory=list)


def evaluate_stability(
    path: Path,
    references: Sequence[Path],
    settings: ScoreStability,
    cache: Cache,
    seed: int = 0,
    shard: tuple[int, int] | None = None,
) -> Evaluation:
    """Score the crystals of a file against known phases, with the controls that the settings name.

    Parameters
    ----------
    references
        Files of known phases (crystals, or ComputedEntry JSON): the hull, and what novelty is counted
        against.
    shard
        ``(k, n)``: only every n-th crystal from the k-th (1 to n), to fill a shared cache from several
        machines.
    """
    potential = find_potential(settings.potential, settings.potential_arguments, settings.potential_scheme)
    second = find_potential(settings.second_potential) if settings.second_potential else None
    if settings.dft:
        require_gpaw(settings.dft_python)
    entry_files = [file for file in references if is_entry_file(file)]
    phase_files = [file for file in references if file not in entry_files]
    crystals, unreadable = read_structures(path)
    chosen, rest = choose(crystals, settings)
    sets = {GENERATED: chosen, **_controls(chosen, phase_files, settings, seed)}
    if shard is not None:
        sets = {name: members[shard[0] - 1 :: shard[1]] for name, members in sets.items()}
    systems = {
        frozenset(element.symbol for element in structure.composition)
        for members in sets.values()
        for _, structure in members
    }
    phases, bad_phases = _read_phases(phase_files, systems)
    entries = [entry for file in entry_files for entry in read_entries(file, systems)]
    scores, known = score_stability(sets, phases, entries, potential, settings, cache)
    for name, members in sets.items():
        _add_sun(scores[name], dict(members), phases)
    ours = scores[GENERATED]
    if settings.dft:
        _add_dft(ours, settings, cache)
    agreement = None
    if second is not None:
        other_sets = {GENERATED: sets[GENERATED]}
        other, _ = score_stability(other_sets, phases, entries, second, settings, cache)
        add_second(ours.rows, other[GENERATED].rows)
        agreement = {"potential": second.identity} | summarise_agreement(
            ours.rows, other[GENERATED].rows, settings.thresholds, seed
        )
    if shard is None:
        ours.rows = _in_order(crystals, ours.rows, rest, unreadable)
    summary = summarise_stability(ours.rows, settings.thresholds, seed)
    summary["definitions"] = definitions(potential, settings)
    summary["hull"] = describe_hull(ours.rows, known, len(phases), len(entries), potential)
    summary["baselines"] = {
        name: summarise_stability(score.rows, settings.thresholds, seed)
        for name, score in scores.items()
        if name != GENERATED
    }
    for name in ("random_search", "prototypes"):
        if name in scores:
            summary[f"against_{name}"] = compare_with_control(ours.rows, scores[name].rows, seed)
    if agreement is not None:
        summary["agreement"] = agreement
    return Evaluation(scores, summary, known.hull, [*bad_phases, *known.failures])


def _controls(
    chosen: Sequence[NamedStructure], files: Sequence[Path], settings: ScoreStability, seed: int
) -> dict[str, list[NamedStructure]]:
    found = {}
    known: list[NamedStructure] = []
    if {"prototypes", "training_replay"} & set(settings.controls):
        if not files:
            raise GroundstateError("controls: prototypes and training_replay need --reference crystals")
        known = _read_phases(files, None)[0]
    for name in settings.controls:
        if name == "random_search":
            made = random_search(chosen, seed)
        elif name == "prototypes":
            made = substitute_prototypes(chosen, known, seed)
        else:
            made = training_replay(known, len(chosen), settings.max_atoms, seed)
        found[name] = [NamedStructure(crystal, to_structure(atoms)) for crystal, atoms in made]
    return found


def _read_phases(
    files: Sequence[Path], systems: set[frozenset[str]] | None
) -> tuple[list[NamedStructure], list[Rejection]]:
    """Known phases inside ``systems`` (all for None); an id that two files share gets the file's name."""
    numbers = None
    if systems is not None:
        numbers = [frozenset(atomic_numbers[symbol] for symbol in system) for system in systems]
    found: dict[str, NamedStructure] = {}
    bad: list[Rejection] = []
    for file in files:
        phases, rejections = read_structures(file, numbers)
        bad += rejections
        for name, structure in phases:
            unused = name if name not in found else f"{file.name}:{name}"
            if unused in found:
                raise GroundstateError(f"{file}: is given twice as a reference")
            found[unused] = NamedStructure(unused, structure)
    return list(found.values()), bad


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


def _in_order(
    crystals: Sequence[NamedStructure],
    scored: Sequence[StabilityRow],
    rest: Mapping[str, StabilityRow],
    unreadable: Sequence[Rejection],
) -> list[StabilityRow]:
    """One row for every crystal of the file, in its order; those that could not be read come last."""
    by_id = {row.id: row for row in scored} | dict(rest)
    rows = [by_id[name] for name, _ in crystals]
    return rows + [StabilityRow(name, outcome="rejected_geometry", reason=why) for name, _, why in unreadable]
