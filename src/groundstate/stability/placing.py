"""Rows of one set on the hull that the set makes together with the references."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pymatgen.core import Composition

from groundstate.stability.references.hull import HullPosition, Phase, ReferenceHull
from groundstate.stability.references.materials_project import ListedPhase
from groundstate.stability.references.phases import References
from groundstate.stability.rows import StabilityRow

COMPLETE = "complete"
MOST_NAMES = 12  # of missing phases in one cell of a table


def place_rows(rows: Sequence[StabilityRow], references: References, lowest: float) -> list[StabilityRow]:
    """Give the rows with their places: before relaxing, after it, and with estimated phases.

    Converged crystals compete with each other and with the references; before relaxing, all crystals do
    whose formation energy is at least ``lowest`` (eV per atom).
    """
    starts = {row.id: row.initial_formation_energy_per_atom for row in rows}
    before: dict[str, float] = {
        name: start for name, start in starts.items() if start is not None and start >= lowest
    }
    first = set_hull(rows, before, references)
    converged = {row.id: row.formation_energy_per_atom for row in rows if row.outcome == "converged"}
    final = set_hull(rows, converged, references)
    compositions = {row.id: Composition(row.formula) for row in rows}
    estimates = {p.id: p for composition in compositions.values() for p in references.estimated(composition)}
    lower = ReferenceHull([*final.phases, *estimates.values()])
    placed = []
    for row in rows:
        composition = compositions[row.id]
        label = row.hull or hull_label(references.missing(composition))
        row = replace(row, hull=label, hull_incomplete=label != COMPLETE)
        if row.id in before:
            place = first.place(composition, before[row.id], row.id)
            row = replace(row, initial_energy_above_hull=place.energy_above_hull)
        energy = row.formation_energy_per_atom
        if row.outcome in ("converged", "not_converged") and energy is not None:
            row = _placed(row, final.place(composition, energy, row.id))
            alone = references.hull.place(composition, energy).decomposition_energy
            row = replace(row, energy_above_references=alone)
            if references.estimated(composition):
                place = lower.place(composition, energy, row.id)
                row = replace(row, estimated_energy_above_hull=place.energy_above_hull)
        placed.append(row)
    return placed


def set_hull(
    rows: Sequence[StabilityRow], energies: Mapping[str, float | None], references: References
) -> ReferenceHull:
    """Let those crystals of a set that have a formation energy (eV per atom, by id) compete too."""
    return references.hull.with_members(
        [
            Phase(row.id, Composition(row.formula), energy)
            for row in rows
            if (energy := energies.get(row.id)) is not None
        ]
    )


def _placed(row: StabilityRow, place: HullPosition) -> StabilityRow:
    return replace(
        row,
        energy_above_hull=place.energy_above_hull,
        decomposition_energy=place.decomposition_energy,
        decomposition_products=place.products,
        decomposition_phases=place.phases,
        reference_phases=place.reference_phases,
    )


def hull_label(missing: Sequence[ListedPhase]) -> str:
    """Say whether a hull is complete, or which stable phases it lacks an energy of."""
    if not missing:
        return COMPLETE
    formulas = [phase.formula for phase in missing]
    names = [
        phase.formula if formulas.count(phase.formula) == 1 else f"{phase.formula} {phase.id}"
        for phase in missing[:MOST_NAMES]
    ]
    more = f" and {len(missing) - MOST_NAMES} more" if len(missing) > MOST_NAMES else ""
    phases = "phase" if len(missing) == 1 else "phases"
    return f"lower bound: {len(missing)} stable {phases} without energy ({', '.join(names)}{more})"
