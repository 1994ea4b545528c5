"""The stability score: guards, relaxation, formation energy and the distance to a hull."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from ase import Atoms
from pymatgen.core import Structure
from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import calculate_all
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.interface import Potential
from groundstate.records import Rejection
from groundstate.stability.hull import HullPosition, chemical_system
from groundstate.stability.phases import References, place_references, refuse_mixed_hull, relaxed_phase
from groundstate.stability.rows import StabilityRow, flag_elements
from groundstate.stability.settings import ScoreStability


@dataclass
class StabilityScore:
    """Rows in input order, and relaxed structures by id."""

    rows: list[StabilityRow]
    relaxed: dict[str, Atoms]


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
    prototypes: Sequence[NamedStructure],
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
    prototypes
        Phases that are relaxed with this potential first.
    entries
        Materials Project phases with MP2020 energies; they need a potential on a Materials Project scheme.

    Raises ``GroundstateError`` where entries and potential are on different energy schemes.
    """
    refuse_mixed_hull(entries, potential)
    rows = {group: [new_row(*item) for item in members] for group, members in sets.items()}
    jobs = {("single", f"phase/{name}"): to_atoms(structure) for name, structure in references}
    jobs |= {("relax", f"phase/{name}"): to_atoms(structure) for name, structure in prototypes}
    for group, members in sets.items():
        for row, (_, structure) in zip(rows[group], members, strict=True):
            atoms = to_atoms(structure)
            fault = geometry_fault(atoms, settings)
            row.outcome, row.reason = ("rejected_geometry", fault) if fault else ("waiting", "")
            if not fault:
                jobs["relax", f"{group}/{row.id}"] = atoms
    results = calculate_all(jobs, potential, settings, cache, settings.workers, f"stability {potential.name}")
    phases, phase_results, failures = list(references), {}, []
    for phase in prototypes:
        result = results["relax", f"phase/{phase.id}"]
        relaxed = relaxed_phase(phase, result, settings)
        if isinstance(relaxed, str):
            failures.append(Rejection(phase.id, "prototype", relaxed))
        else:
            phases.append(relaxed)
            phase_results[phase.id] = result
    phase_results |= {name: results["single", f"phase/{name}"] for name, _ in references}
    known = place_references(phases, phase_results, entries, potential, settings)
    known.failures += failures
    scores = {}
    for group, members in sets.items():
        relaxed_atoms = {}
        for row, (_, structure) in zip(rows[group], members, strict=True):
            if row.outcome == "waiting":
                result = results["relax", f"{group}/{row.id}"]
                atoms = _judge(row, structure, result, potential, settings, known)
                if atoms is not None:
                    relaxed_atoms[row.id] = atoms
        scores[group] = StabilityScore(rows[group], relaxed_atoms)
    return scores, known


def _judge(
    row: StabilityRow,
    structure: Structure,
    result: Mapping,
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
    try:
        row.initial_formation_energy_per_atom, before = _place(
            structure, result["initial_energy"], potential, known
        )
        first = row.initial_formation_energy_per_atom
        if first is not None and first >= settings.minimum_formation_energy:
            row.initial_energy_above_hull = before.energy_above_hull
        fault = volume_fault(start.get_volume(), atoms.get_volume(), settings)
        fault = fault or geometry_fault(atoms, settings)
        if fault:
            row.outcome, row.reason = "collapsed", fault
            return atoms
        row.displacement = displacement(start, atoms)
        formation, place = _place(to_structure(atoms), result["energy"], potential, known)
    except ValueError as error:
        row.outcome, row.reason = "failed", str(error)
        return atoms
    row.formation_energy_per_atom = formation
    row.outcome = "converged" if result["outcome"] == "converged" else "not_converged"
    if formation is None:
        missing = sorted({element.symbol for element in structure.composition} - known.elements.keys())
        row.reason = f"no reference energy for {', '.join(missing)}"
        row.hull_incomplete = True
    elif formation < settings.minimum_formation_energy:
        row.outcome = "collapsed"
        row.reason = f"a formation energy of {formation:.2f} eV per atom: a hole"
    else:
        row.energy_above_hull, row.decomposition_energy = place.energy_above_hull, place.decomposition_energy
        row.decomposition_products = place.products
        row.reference_phases, row.hull_incomplete = place.reference_phases, place.incomplete
    return atoms


def _place(
    structure: Structure, energy: float, potential: Potential, known: References
) -> tuple[float | None, HullPosition]:
    """Formation energy per atom (eV) and where it lies; raises ``ValueError`` as ``corrected_energy``."""
    total = corrected_energy(structure, energy, potential.scheme)
    formation = formation_energy(structure.composition, total, known.elements)
    if formation is None:
        return None, HullPosition(None, None, "", 0, True)
    return formation, known.hull.place(structure.composition, formation)


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
