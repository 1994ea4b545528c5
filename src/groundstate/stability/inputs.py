"""What a stability score is made of: the crystals, their controls, and the phases of their systems."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase.data import atomic_numbers
from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.crystals.structures import NamedStructure, read_structures
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_structure
from groundstate.records import Rejection
from groundstate.stability.controls import random_search, substitute_prototypes, training_replay
from groundstate.stability.entries import is_entry_file, read_entries
from groundstate.stability.prototypes import fill_systems
from groundstate.stability.relaxation import choose
from groundstate.stability.rows import StabilityRow
from groundstate.stability.settings import ScoreStability

GENERATED = "generated"


@dataclass
class Inputs:
    """Sets by name, the generated crystals first; ``rest`` holds rows of those that are not scored."""

    sets: dict[str, list[NamedStructure]]
    phases: list[NamedStructure]
    prototypes: list[NamedStructure]
    entries: list[ComputedEntry]
    bad_phases: list[Rejection]
    ids: list[str]
    rest: Mapping[str, StabilityRow]
    unreadable: list[Rejection]

    def in_order(self, scored: Sequence[StabilityRow]) -> list[StabilityRow]:
        """One row for every crystal of the file, in its order; those that could not be read come last."""
        by_id = {row.id: row for row in scored} | dict(self.rest)
        refused = [StabilityRow(n, outcome="rejected_geometry", reason=why) for n, _, why in self.unreadable]
        return [by_id[name] for name in self.ids if name in by_id] + refused


def read_inputs(
    path: Path,
    references: Sequence[Path],
    settings: ScoreStability,
    seed: int,
    shard: tuple[int, int] | None = None,
) -> Inputs:
    """Read the crystals and the references, and make the controls.

    ``shard`` ``(k, n)`` keeps every n-th crystal from the k-th (1 to n) of every set.
    """
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
    compositions = [structure.composition for _, structure in phases]
    compositions += [entry.composition for entry in entries]
    known = {frozenset(e.symbol for e in composition) for composition in compositions if len(composition) > 1}
    prototypes = fill_systems(systems, known, settings.prototype_phases)
    ids = [name for name, _ in crystals]
    return Inputs(sets, phases, prototypes, entries, bad_phases, ids, rest, unreadable)


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
            made = substitute_prototypes(chosen, known, settings.max_atoms, seed)
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
