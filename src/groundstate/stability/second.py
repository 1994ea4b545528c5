"""A second potential's energies of the relaxed crystals, on a hull of its own scheme."""

from collections.abc import Collection, Mapping
from dataclasses import replace

from ase import Atoms
from pymatgen.core import Composition

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.result import Result
from groundstate.stability.placing import COMPLETE, hull_label, set_hull
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import References, place_references, refuse_mixed_hull
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow


def add_second_opinion(
    scores: Mapping[str, StabilityScore],
    references: References,
    inputs: ReferenceInputs,
    systems: Collection[frozenset[str]],
    calculations: Calculations,
) -> dict[str, StabilityScore]:
    """Give the scores with the ``second_`` columns of every converged crystal filled in.

    Single points at the geometries of the first potential, for the crystals and for the phases of the hull:
    the two potentials judge the same structures, and no energy of one is compared with one of the other.

    Raises ``GroundstateError`` where entries and potential are on different energy schemes.
    """
    refuse_mixed_hull(inputs.entries, calculations.potential)
    potential = calculations.potential
    phases = [*inputs.without_energy(potential.scheme), *_relaxed_prototypes(inputs, references)]
    jobs = {Job("single", f"phase/{name}"): to_atoms(structure) for name, structure in phases}
    for group, score in scores.items():
        for row in score.rows:
            if row.outcome == "converged":
                jobs[Job("single", f"{group}/{row.id}")] = score.relaxed[row.id]
    results = calculations.run(jobs, f"second {potential.name}")
    phase_results = {name: results[Job("single", f"phase/{name}")] for name, _ in phases}
    own = place_references(phases, phase_results, inputs, systems, potential)
    return {
        group: replace(score, rows=_judged(group, score, results, potential.scheme, own))
        for group, score in scores.items()
    }


def _relaxed_prototypes(inputs: ReferenceInputs, references: References) -> list[NamedStructure]:
    """Prototypes at the geometry of the first potential."""
    names = {name for name, _ in inputs.prototypes}
    return [phase for phase in references.phases if phase.id in names]


def _judged(
    group: str, score: StabilityScore, results: Mapping[Job, Result], scheme: str, own: References
) -> list[StabilityRow]:
    """Give one set's rows with the second potential's energies, on the hull of these."""
    rows = [
        _with_energy(row, score.relaxed[row.id], results[Job("single", f"{group}/{row.id}")], scheme, own)
        if row.outcome == "converged"
        else row
        for row in score.rows
    ]
    energies = {row.id: row.second_formation_energy_per_atom for row in rows}
    hull = set_hull(rows, energies, own)
    placed = []
    for row in rows:
        energy = energies[row.id]
        if energy is not None:
            composition = Composition(row.formula)
            place = hull.place(composition, energy, row.id)
            label = hull_label(own.missing(composition))
            row = replace(
                row,
                second_energy_above_hull=place.energy_above_hull,
                second_reason="" if label == COMPLETE else label,
            )
        placed.append(row)
    return placed


def _with_energy(
    row: StabilityRow, relaxed: Atoms, result: Result, scheme: str, own: References
) -> StabilityRow:
    structure = to_structure(relaxed)
    try:
        if result["outcome"] == "failed":
            raise ValueError(result["reason"])
        energy = corrected_energy(structure, result["energy"], scheme)
    except ValueError as error:
        return replace(row, second_reason=str(error))
    formation = formation_energy(structure.composition, energy, own.elements)
    return replace(row, second_formation_energy_per_atom=formation)
