"""What a stability score is made of: the crystals, their controls, and the phases of their systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from ase.data import atomic_numbers
from pymatgen.core import Composition
from pymatgen.entries.computed_entries import ComputedEntry, ComputedStructureEntry

from groundstate.crystals.structures import NamedStructure, read_part, read_structures
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_structure
from groundstate.records import Rejection, name_stage
from groundstate.stability.controls import random_search, substitute_prototypes, training_replay
from groundstate.stability.references.entries import is_entry_file, read_entries
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.prototypes import fill_systems
from groundstate.stability.rows import StabilityRow, new_row
from groundstate.stability.settings import ScoreStability

GENERATED = "generated"


class ReadReferences(NamedTuple):
    """Phases and entries of files of references, and what of these cannot be read."""

    phases: list[NamedStructure]
    entries: list[ComputedEntry]
    unreadable: list[Rejection]


@dataclass(frozen=True)
class Inputs:
    """Sets by name, the generated crystals first; ``rest`` holds rows of those that are not scored.

    Novelty is counted against ``known_structures``, references and entries that have one, and against the
    ``training`` crystals, None where no file of them was given; ``unreadable_references`` are of all these.
    """

    sets: dict[str, list[NamedStructure]]
    references: ReferenceInputs
    known_structures: list[NamedStructure]
    training: list[NamedStructure] | None
    unreadable_references: list[Rejection]
    ids: list[str]
    rest: Mapping[str, StabilityRow]
    unreadable: list[Rejection]

    def in_order(self, scored: Sequence[StabilityRow]) -> list[StabilityRow]:
        """Give one row for every crystal of the file, in its order; unreadable ones come last."""
        by_id = {row.id: row for row in scored} | dict(self.rest)
        refused = [
            StabilityRow(name, outcome="rejected_geometry", reason=reason)
            for name, _, reason in self.unreadable
        ]
        return [by_id[name] for name in self.ids if name in by_id] + refused


def read_inputs(
    path: Path,
    references: Sequence[Path],
    settings: ScoreStability,
    scheme: str,
    seed: int,
    train: Sequence[Path] = (),
    splits: Path | None = None,
    shard: tuple[int, int] | None = None,
    read: ReadReferences | None = None,
) -> Inputs:
    """Read the crystals and the references, and make the controls.

    Parameters
    ----------
    references
        Files of reference phases: crystals, or ComputedEntry JSON.
    scheme
        Energy scheme of the potential.
    train
        Files of crystals that only novelty is counted against; with ``splits`` their training part.
    shard
        ``(k, n)`` keeps every n-th crystal from the k-th (1 to n) of every set.
    read
        What ``read_references`` gave of ``references`` for these chemical systems or more.
    """
    phase_files = [file for file in references if not is_entry_file(file)]
    crystals, unreadable = read_structures(path)
    chosen, rest = choose(crystals, settings)
    sets = {GENERATED: chosen, **_controls(chosen, phase_files, settings, seed)}
    if shard is not None:
        sets = {name: members[shard[0] - 1 :: shard[1]] for name, members in sets.items()}
    systems = chemical_systems(sets)
    phases, entries, unreadable_phases = _within(read or read_references(references, systems), systems)
    training, unreadable_training = _read_training(train, splits, systems)
    reference_inputs = ReferenceInputs(
        phases,
        [],
        entries,
        settings.element_reference,
        settings.shipped_references,
        settings.whole_references,
    )
    compounds = reference_inputs.compounds(systems, scheme)
    prototypes = fill_systems(systems, compounds, settings.prototype_phases)
    return Inputs(
        sets,
        replace(reference_inputs, prototypes=prototypes),
        [*phases, *_entry_structures(entries)],
        training,
        [*unreadable_phases, *name_stage(unreadable_training, "read train")],
        [name for name, _ in crystals],
        rest,
        unreadable,
    )


def read_references(
    files: Sequence[Path], systems: set[frozenset[str]], before: ReadReferences | None = None
) -> ReadReferences:
    """Read the phases and the entries inside ``systems``, and add them to what was read ``before``.

    Raises ``GroundstateError`` for a file that is absent, of an unknown kind, given twice, or holds nothing.
    """
    phase_files = [file for file in files if not is_entry_file(file)]
    before = before or ReadReferences([], [], [])
    phases, bad = _read_phases(phase_files, systems, before.phases)
    unreadable = [*before.unreadable, *name_stage(bad, "read reference")]
    entries = list(before.entries)
    for file in files:
        if file not in phase_files:
            kept, refused = read_entries(file, systems)
            entries += kept
            unreadable += refused
    return ReadReferences(phases, entries, unreadable)


def _within(read: ReadReferences, systems: set[frozenset[str]]) -> ReadReferences:
    def inside(composition: Composition) -> bool:
        return any(system.issuperset(element.symbol for element in composition) for system in systems)

    phases = [phase for phase in read.phases if inside(phase.structure.composition)]
    entries = [entry for entry in read.entries if inside(entry.composition)]
    return ReadReferences(phases, entries, read.unreadable)


def chemical_systems(sets: Mapping[str, Sequence[NamedStructure]]) -> set[frozenset[str]]:
    """Collect the element sets of all crystals."""
    return {
        frozenset(element.symbol for element in structure.composition)
        for members in sets.values()
        for _, structure in members
    }


def _entry_structures(entries: Sequence[ComputedEntry]) -> list[NamedStructure]:
    return [
        NamedStructure(str(entry.entry_id), entry.structure)
        for entry in entries
        if isinstance(entry, ComputedStructureEntry)
    ]


def choose(
    structures: Sequence[NamedStructure], settings: ScoreStability
) -> tuple[list[NamedStructure], dict[str, StabilityRow]]:
    """Choose the crystals to score, with ``not_scored`` rows by id for those beyond the limits.

    The first ``max_crystals`` in file order of at most ``max_atoms`` atoms are taken, whatever their
    geometry: picking good ones would flatter the rates.
    """
    chosen: list[NamedStructure] = []
    rest: dict[str, StabilityRow] = {}
    for item in structures:
        if settings.max_atoms is not None and len(item.structure) > settings.max_atoms:
            reason = f"more than {settings.max_atoms} atoms"
        elif settings.max_crystals is not None and len(chosen) >= settings.max_crystals:
            reason = f"beyond the first {settings.max_crystals} crystals"
        else:
            chosen.append(item)
            continue
        rest[item.id] = new_row(*item, reason=reason)
    return chosen, rest


def _controls(
    chosen: Sequence[NamedStructure], files: Sequence[Path], settings: ScoreStability, seed: int
) -> dict[str, list[NamedStructure]]:
    controls: dict[str, list[NamedStructure]] = {}
    references: list[NamedStructure] = []
    if {"prototypes", "training_replay"} & set(settings.controls):
        if not files:
            raise GroundstateError("controls: prototypes and training_replay need --reference crystals")
        references = _read_phases(files, None)[0]
    for name in settings.controls:
        if name == "random_search":
            made = random_search(chosen, seed)
        elif name == "prototypes":
            made = substitute_prototypes(chosen, references, settings.max_atoms, seed)
        else:
            made = training_replay(references, len(chosen), settings.max_atoms, seed)
        controls[name] = [NamedStructure(crystal, to_structure(atoms)) for crystal, atoms in made]
    return controls


def _read_training(
    files: Sequence[Path], splits: Path | None, systems: set[frozenset[str]]
) -> tuple[list[NamedStructure] | None, list[Rejection]]:
    if not files:
        return None, []
    if splits is None:
        return _read_phases(files, systems)
    training: list[NamedStructure] = []
    unreadable: list[Rejection] = []
    for file in files:
        crystals, rejections = read_part(file, splits, ("train",))
        training += crystals
        unreadable += _in_file(file, rejections)
    return training, unreadable


def _read_phases(
    files: Sequence[Path], systems: set[frozenset[str]] | None, before: Sequence[NamedStructure] = ()
) -> tuple[list[NamedStructure], list[Rejection]]:
    """Read the phases inside ``systems`` (all for None); an id that two files share gets the file's name."""
    numbers = None
    if systems is not None:
        numbers = [frozenset(atomic_numbers[symbol] for symbol in system) for system in systems]
    phases = {phase.id: phase for phase in before}
    unreadable: list[Rejection] = []
    for file in files:
        structures, rejections = read_structures(file, numbers)
        unreadable += _in_file(file, rejections)
        for name, structure in structures:
            unused = name if name not in phases else f"{file.name}:{name}"
            if unused in phases:
                raise GroundstateError(f"{file}: is given twice as a reference")
            phases[unused] = NamedStructure(unused, structure)
    return list(phases.values()), unreadable


def _in_file(file: Path, rejections: Sequence[Rejection]) -> list[Rejection]:
    """Name the file, as ``read_entries`` does: another one may have the same id."""
    return [rejection._replace(id=f"{file.name}:{rejection.id}") for rejection in rejections]
