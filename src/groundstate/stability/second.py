"""A second potential's energies of the relaxed crystals, on a hull of its own scheme."""

from collections.abc import Mapping
from dataclasses import replace

from ase import Atoms

from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.result import Result
from groundstate.stability.references.phases import (
    ReferenceInputs,
    References,
    place_references,
    refuse_mixed_hull,
)
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow


def add_second_opinion(
    scores: Mapping[str, StabilityScore],
    references: References,
    inputs: ReferenceInputs,
    calculations: Calculations,
) -> dict[str, StabilityScore]:
    """Give the scores with the ``second_`` columns of every converged crystal filled in.

    Single points at the geometries of the first potential, for the crystals and for the phases of the hull:
    the two potentials judge the same structures, and no energy of one is compared with one of the other.

    Raises ``GroundstateError`` where entries and potential are on different energy schemes.
    """
    refuse_mixed_hull(inputs.entries, calculations.potential)
    jobs = {Job("single", f"phase/{name}"): to_atoms(structure) for name, structure in references.phases}
    for group, score in scores.items():
        for row in score.rows:
            if row.outcome == "converged":
                jobs[Job("single", f"{group}/{row.id}")] = score.relaxed[row.id]
    results = calculations.run(jobs, f"second {calculations.potential.name}")
    phase_results = {name: results[Job("single", f"phase/{name}")] for name, _ in references.phases}
    own = place_references(references.phases, phase_results, inputs, calculations.potential)
    return {
        group: replace(
            score,
            rows=[
                row
                if row.outcome != "converged"
                else _with_second(
                    row,
                    score.relaxed[row.id],
                    results[Job("single", f"{group}/{row.id}")],
                    calculations.potential.scheme,
                    own,
                )
                for row in score.rows
            ],
        )
        for group, score in scores.items()
    }


def _with_second(
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
    if formation is None:
        return row
    return replace(
        row,
        second_formation_energy_per_atom=formation,
        second_energy_above_hull=own.hull.place(structure.composition, formation).energy_above_hull,
    )
