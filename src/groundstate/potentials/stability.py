"""The stability score: guards, relaxation, formation energy and the distance to a hull."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.entries.computed_entries import ComputedEntry
from pymatgen.io.ase import AseAtomsAdaptor

from groundstate.errors import GroundstateError
from groundstate.metrics.crystal_files import NamedStructure
from groundstate.metrics.hull import Phase, ReferenceHull, chemical_system
from groundstate.metrics.stability import StabilityRow, flag_elements
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import calculate_all
from groundstate.potentials.corrections import (
    corrected_energy,
    formation_energy,
    hull_scheme,
    mp_element_energies,
)
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.interface import MP_CORRECTED, Potential
from groundstate.potentials.settings import ScoreStability
from groundstate.records import Rejection


@dataclass
class StabilityScore:
    """Rows in input order, and relaxed structures by id."""

    rows: list[StabilityRow]
    relaxed: dict[str, Atoms]


@dataclass
class References:
    """What every set of crystals is placed on."""

    hull: ReferenceHull
    elements: Mapping[str, float]
    failures: list[Rejection]


def to_atoms(structure: Structure) -> Atoms:
    """The ASE form of a structure, bare of everything but species, cell and positions."""
    atoms = AseAtomsAdaptor.get_atoms(structure, msonable=False)
    return Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=True)


def to_structure(atoms: Atoms) -> Structure:
    """The pymatgen form of relaxed atoms."""
    return Structure(atoms.cell.array, atoms.numbers, atoms.positions, coords_are_cartesian=True)


def new_row(name: str, structure: Structure) -> StabilityRow:
    """A row that knows the crystal's composition and nothing else yet."""
    magnetic, f_electron = flag_elements({element.symbol for element in structure.composition})
    return StabilityRow(
        name,
        structure.composition.reduced_formula,
        len(structure),
        chemical_system(structure.composition),
        magnetic=magnetic,
        f_electron=f_electron,
    )


def choose(
    structures: Sequence[NamedStructure], settings: ScoreStability
) -> tuple[list[NamedStructure], dict[str, StabilityRow]]:
    """The crystals to score, and ``not_scored`` rows by id for those beyond the limits.

    The first ``max_crystals`` in file order of at most ``max_atoms`` atoms are taken, whatever their
    geometry: picking good ones would flatter the rates.
    """
    chosen, rest = [], {}
    for item in structures:
        if settings.max_atoms is not None and len(item.structure) > settings.max_atoms:
            reason = f"more than {settings.max_atoms} atoms"
        elif settings.max_crystals is not None and len(chosen) >= settings.max_crystals:
            reason = f"beyond the first {settings.max_crystals} crystals"
        else:
            chosen.append(item)
            continue
        rest[item.id] = new_row(*item)
        rest[item.id].reason = reason
    return chosen, rest


def score_stability(
    sets: Mapping[str, Sequence[NamedStructure]],
    references: Sequence[NamedStructure],
    entries: Sequence[ComputedEntry],
    potential: Potential,
    settings: ScoreStability,
    cache: Cache,
) -> tuple[dict[str, StabilityScore], References]:
    """Relax sets of crystals (the generated ones, controls) and place them on the hull of the references.

    Parameters
    ----------
    references
        Phases of the needed chemical systems at their own (DFT) geometry: single points with this potential.
    entries
        Materials Project phases with MP2020 energies; they need a potential on a Materials Project scheme.

    Raises
    ------
    GroundstateError
        ``entries`` and the potential are on different energy schemes.
    """
    if entries and hull_scheme(potential.scheme) != MP_CORRECTED:
        raise GroundstateError(
            f"{potential.name} is on the energy scheme {potential.scheme!r}, the reference entries are on "
            f"{MP_CORRECTED!r}: energies of different schemes make no hull"
        )
    rows = {group: [new_row(*item) for item in members] for group, members in sets.items()}
    jobs = {("single", name): to_atoms(structure) for name, structure in references}
    for group, members in sets.items():
        for row, (_, structure) in zip(rows[group], members, strict=True):
            atoms = to_atoms(structure)
            fault = geometry_fault(atoms, settings)
            row.outcome, row.reason = ("rejected_geometry", fault) if fault else ("waiting", "")
            if not fault:
                jobs["relax", f"{group}/{row.id}"] = atoms
    results = calculate_all(jobs, potential, settings, cache, settings.workers, f"stability {potential.name}")
    known = place_references(references, entries, results, potential, settings)
    scores = {}
    for group, members in sets.items():
        relaxed = {}
        for row, (_, structure) in zip(rows[group], members, strict=True):
            if row.outcome == "waiting":
                result = results["relax", f"{group}/{row.id}"]
                atoms = _judge(row, structure, result, potential, settings, known)
                if atoms is not None:
                    relaxed[row.id] = atoms
        scores[group] = StabilityScore(rows[group], relaxed)
    return scores, known


def place_references(
    references: Sequence[NamedStructure],
    entries: Sequence[ComputedEntry],
    results: Mapping[tuple[str, str], dict],
    potential: Potential,
    settings: ScoreStability,
) -> References:
    """Elemental energies and the hull, from single points and entries."""
    energies, failures = {}, []
    for name, structure in references:
        result = results["single", name]
        try:
            if result["outcome"] == "failed":
                raise ValueError(result["reason"])
            energies[name] = corrected_energy(structure, result["energy"], potential.scheme)
        except ValueError as error:
            failures.append(Rejection(name, "reference", str(error)))
    elements = element_energies(references, energies, potential, settings)
    hull = ReferenceHull([*_phases(references, energies, elements), *_entry_phases(entries)])
    return References(hull, elements, failures)


def element_energies(
    references: Sequence[NamedStructure],
    energies: Mapping[str, float],
    potential: Potential,
    settings: ScoreStability,
) -> dict[str, float]:
    """Energy per atom (eV) of each element: Materials Project entries, the potential's own, or both.

    A potential that is not on a Materials Project scheme has only its own.
    """
    own: dict[str, float] = {}
    for name, structure in references:
        if len(structure.composition) == 1 and name in energies:
            symbol, energy = structure.composition.elements[0].symbol, energies[name] / len(structure)
            own[symbol] = min(energy, own.get(symbol, np.inf))
    if hull_scheme(potential.scheme) != MP_CORRECTED:
        return own
    return mp_element_energies() | (own if settings.element_reference == "own" else {})


def _phases(
    references: Sequence[NamedStructure], energies: Mapping[str, float], elements: Mapping[str, float]
) -> list[Phase]:
    phases = []
    for name, structure in references:
        if name in energies and len(structure.composition) > 1:
            energy = formation_energy(structure.composition, energies[name], elements)
            if energy is not None:
                phases.append(Phase(name, structure.composition, energy))
    return phases


def _entry_phases(entries: Sequence[ComputedEntry]) -> list[Phase]:
    """Entries are placed against the Materials Project's elements: both sides of the difference are DFT."""
    phases = []
    for entry in entries:
        energy = formation_energy(entry.composition, entry.energy, mp_element_energies())
        if energy is not None and len(entry.composition) > 1:
            phases.append(Phase(str(entry.entry_id), entry.composition, energy))
    return phases


def _judge(
    row: StabilityRow,
    structure: Structure,
    result: dict,
    potential: Potential,
    settings: ScoreStability,
    known: References,
) -> Atoms | None:
    """Fill in a row from the relaxation's result; the relaxed atoms, where the relaxer gave any."""
    if result["outcome"] == "failed":
        row.outcome, row.reason = "failed", result["reason"]
        return None
    start = to_atoms(structure)
    atoms = Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
    n = len(atoms)
    row.steps, row.initial_force, row.max_force = result["steps"], result["initial_force"], result["force"]
    row.initial_energy_per_atom, row.energy_per_atom = result["initial_energy"] / n, result["energy"] / n
    if result["initial_force"] > settings.maximum_force:
        row.outcome, row.reason = "rejected_geometry", f"a force of {result['initial_force']:.3g} eV/A"
        return None
    row.volume_ratio = atoms.get_volume() / start.get_volume()
    fault = volume_fault(start.get_volume(), atoms.get_volume(), settings) or geometry_fault(atoms, settings)
    if fault:
        row.outcome, row.reason = "collapsed", fault
        return atoms
    row.displacement = displacement(start, atoms)
    after = to_structure(atoms)
    try:
        energy = corrected_energy(after, result["energy"], potential.scheme)
        initial = corrected_energy(structure, result["initial_energy"], potential.scheme)
    except ValueError as error:
        row.outcome, row.reason = "failed", str(error)
        return atoms
    row.formation_energy_per_atom = formation_energy(after.composition, energy, known.elements)
    row.initial_formation_energy_per_atom = formation_energy(after.composition, initial, known.elements)
    if row.formation_energy_per_atom is None:
        missing = sorted({element.symbol for element in after.composition} - known.elements.keys())
        row.reason = f"no reference energy for {', '.join(missing)}"
        row.hull_incomplete = True
    elif row.formation_energy_per_atom < settings.minimum_formation_energy:
        row.outcome = "collapsed"
        row.reason = f"a formation energy of {row.formation_energy_per_atom:.2f} eV per atom: a hole"
        return atoms
    else:
        place = known.hull.place(after.composition, row.formation_energy_per_atom)
        row.energy_above_hull, row.decomposition_energy = place.energy_above_hull, place.decomposition_energy
        row.decomposition_products = place.products
        row.reference_phases, row.hull_incomplete = place.reference_phases, place.incomplete
        initial_place = known.hull.place(after.composition, row.initial_formation_energy_per_atom)
        row.initial_energy_above_hull = initial_place.energy_above_hull
    row.outcome = "converged" if result["outcome"] == "converged" else "not_converged"
    return atoms


def displacement(before: Atoms, after: Atoms) -> float:
    """Root mean square displacement (angstrom) of the atoms from one cell to the other.

    Fractional coordinates are compared in the mean of the two cells, with minimum images and without the
    common translation.
    """
    change = after.get_scaled_positions(wrap=False) - before.get_scaled_positions(wrap=False)
    change -= change[0]
    change -= np.round(change)
    change -= change.mean(axis=0)
    cartesian = change @ ((before.cell.array + after.cell.array) / 2)
    return float(np.sqrt((cartesian**2).sum(axis=1).mean()))
