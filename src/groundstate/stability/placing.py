"""Rows of one set on the hull that the set makes together with the references."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pymatgen.core import Composition

from groundstate.stability.references.hull import Phase, ReferenceHull
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
    before = {row.id: row.initial_formation_energy_per_atom for row in rows}
    before = {name: energy for name, energy in before.items() if energy is not None and energy >= lowest}
    first = set_hull(rows, before, references)
    converged = {row.id: row.formation_energy_per_atom for row in rows if row.outcome == "converged"}
    final = set_hull(rows, converged, references)
    placed = []
    for row in rows:
        start = before.get(row.id)
        relaxed = row.outcome in ("converged", "not_converged")
        end = row.formation_energy_per_atom if relaxed else None
        label = row.hull or hull_label(references.missing(Composition(row.formula)))
        row = replace(row, hull=label, hull_incomplete=label != COMPLETE)
        if start is not None:
            place = first.place(Composition(row.formula), start, row.id)
            row = replace(row, initial_energy_above_hull=place.energy_above_hull)
        placed.append(row if end is None else _placed(row, end, final, references))
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


def _placed(row: StabilityRow, energy: float, hull: ReferenceHull, references: References) -> StabilityRow:
    composition = Composition(row.formula)
    place = hull.place(composition, energy, row.id)
    estimated = references.estimated(composition)
    if estimated:
        lower = ReferenceHull([*hull.phases, *estimated]).place(composition, energy, row.id)
        row = replace(row, estimated_energy_above_hull=lower.energy_above_hull)
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
