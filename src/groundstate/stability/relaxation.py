"""The stability score: guards, relaxation, formation energy and the distance to a hull."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms
from pymatgen.core import Structure

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.space_group import find_space_group
from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.result import Result
from groundstate.stability.inputs import chemical_systems
from groundstate.stability.placing import place_rows
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import References, build_references, refuse_mixed_hull
from groundstate.stability.rows import StabilityRow, new_row


@dataclass(frozen=True)
class StabilityScore:
    """Rows in input order, and relaxed structures by id."""

    rows: list[StabilityRow]
    relaxed: dict[str, Atoms]


def score_stability(
    sets: Mapping[str, Sequence[NamedStructure]], inputs: ReferenceInputs, calculations: Calculations
) -> tuple[dict[str, StabilityScore], References]:
    """Relax sets of crystals (the generated ones, controls) and place each on a hull.

    A set competes with itself and with the references.

    Raises ``GroundstateError`` where reference entries and potential are on different energy schemes.
    """
    refuse_mixed_hull(inputs.entries, calculations.potential)
    jobs = inputs.jobs(calculations.potential.scheme)
    faults: dict[tuple[str, str], str] = {}
    for group, members in sets.items():
        for name, structure in members:
            atoms = to_atoms(structure)
            fault = geometry_fault(atoms, calculations.settings)
            if fault:
                faults[group, name] = fault
            else:
                jobs[Job("relax", f"{group}/{name}")] = atoms
    results = calculations.run(jobs, f"stability {calculations.potential.name}")
    references = build_references(inputs, chemical_systems(sets), results, calculations)
    scores = {}
    for group, members in sets.items():
        score = StabilityScore([], {})
        for name, structure in members:
            if (group, name) in faults:
                score.rows.append(new_row(name, structure, "rejected_geometry", faults[group, name]))
                continue
            result = results[Job("relax", f"{group}/{name}")]
            row, relaxed = _judge(name, structure, result, calculations, references)
            score.rows.append(row)
            if relaxed is not None:
                score.relaxed[name] = relaxed
        rows = place_rows(score.rows, references, calculations.settings.minimum_formation_energy)
        scores[group] = replace(score, rows=rows)
    return scores, references


def _judge(
    name: str, structure: Structure, result: Result, calculations: Calculations, references: References
) -> tuple[StabilityRow, Atoms | None]:
    """Make the row of a relaxation's result, and the relaxed atoms where the relaxer gave any."""
    row = new_row(name, structure)
    if result["outcome"] == "failed":
        return replace(row, outcome="failed", reason=result["reason"]), None
    settings = calculations.settings
    start = to_atoms(structure)
    atoms = Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
    row = replace(
        row,
        steps=result["steps"],
        initial_force=result["initial_force"],
        max_force=result["force"],
        initial_energy_per_atom=result["initial_energy"] / len(atoms),
        energy_per_atom=result["energy"] / len(atoms),
    )
    if result["initial_force"] > settings.maximum_force:
        reason = f"a force of {result['initial_force']:.3g} eV/A"
        return replace(row, outcome="rejected_geometry", reason=reason), None
    symbol, number = _space_group(start)
    row = replace(
        row,
        initial_space_group=symbol,
        initial_space_group_number=number,
        volume_ratio=atoms.get_volume() / start.get_volume(),
    )
    scheme = calculations.potential.scheme
    try:
        first = _formation_energy(structure, result["initial_energy"], scheme, references)
        row = replace(row, initial_formation_energy_per_atom=first)
        fault = volume_fault(start.get_volume(), atoms.get_volume(), settings)
        fault = fault or geometry_fault(atoms, settings)
        if fault:
            return replace(row, outcome="collapsed", reason=fault), atoms
        symbol, number = _space_group(atoms)
        row = replace(row, space_group=symbol, space_group_number=number)
        row = replace(row, displacement=displacement(start, atoms))
        formation = _formation_energy(to_structure(atoms), result["energy"], scheme, references)
    except ValueError as error:
        return replace(row, outcome="failed", reason=str(error)), atoms
    row = replace(
        row,
        formation_energy_per_atom=formation,
        outcome="converged" if result["outcome"] == "converged" else "not_converged",
    )
    if formation is None:
        missing = sorted({element.symbol for element in structure.composition} - references.elements.keys())
        reason = f"no reference energy for {', '.join(missing)}"
        return replace(row, reason=reason, hull=reason, hull_incomplete=True), atoms
    if formation < settings.minimum_formation_energy:
        reason = f"a formation energy of {formation:.2f} eV per atom: a hole"
        return replace(row, outcome="collapsed", reason=reason), atoms
    return row, atoms


def _space_group(atoms: Atoms) -> tuple[str, int | None]:
    """Give symbol and number of the space group; empty and None where spglib finds none."""
    found = find_space_group(Crystal("", atoms.numbers, atoms.get_scaled_positions(), atoms.cell.array))
    return (found.symbol, found.number) if found else ("", None)


def _formation_energy(
    structure: Structure, energy: float, scheme: str, references: References
) -> float | None:
    """Give the formation energy per atom (eV); raises as ``corrected_energy``."""
    total = corrected_energy(structure, energy, scheme)
    return formation_energy(structure.composition, total, references.elements)


def displacement(before: Atoms, after: Atoms) -> float:
    """Return the root mean square displacement (angstrom) of the atoms from one cell to the other.

    Fractional coordinates are compared in the mean of the two cells, with minimum images and without the
    common translation.
    """
    change = after.get_scaled_positions(wrap=False) - before.get_scaled_positions(wrap=False)
    change -= change[0]
    change -= np.round(change)
    change -= change.mean(axis=0)
    cartesian = change @ ((before.cell.array + after.cell.array) / 2)
    return float(np.sqrt((cartesian**2).sum(axis=1).mean()))
