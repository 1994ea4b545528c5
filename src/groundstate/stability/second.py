"""A second potential's energies of the relaxed crystals, on a hull of its own scheme."""

from collections.abc import Mapping, Sequence

from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import calculate_all
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.interface import Potential
from groundstate.stability.phases import References, place_references, refuse_mixed_hull
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.settings import ScoreStability


def add_second_opinion(
    scores: Mapping[str, StabilityScore],
    known: References,
    entries: Sequence[ComputedEntry],
    potential: Potential,
    settings: ScoreStability,
    cache: Cache,
) -> None:
    """Fill in the ``second_`` columns of every converged crystal.

    Single points at the geometries of the first potential, for the crystals and for the phases of the hull:
    the two potentials judge the same structures, and no energy of one is compared with one of the other.

    Raises ``GroundstateError`` where entries and potential are on different energy schemes.
    """
    refuse_mixed_hull(entries, potential)
    jobs = {("single", f"phase/{name}"): to_atoms(structure) for name, structure in known.phases}
    for group, score in scores.items():
        for row in score.rows:
            if row.outcome == "converged":
                jobs["single", f"{group}/{row.id}"] = score.relaxed[row.id]
    results = calculate_all(jobs, potential, settings, cache, settings.workers, f"second {potential.name}")
    phase_results = {name: results["single", f"phase/{name}"] for name, _ in known.phases}
    own = place_references(known.phases, phase_results, entries, potential, settings)
    for group, score in scores.items():
        for row in score.rows:
            if row.outcome != "converged":
                continue
            structure = to_structure(score.relaxed[row.id])
            result = results["single", f"{group}/{row.id}"]
            try:
                if result["outcome"] == "failed":
                    raise ValueError(result["reason"])
                energy = corrected_energy(structure, result["energy"], potential.scheme)
            except ValueError as error:
                row.second_reason = str(error)
                continue
            formation = formation_energy(structure.composition, energy, own.elements)
            row.second_formation_energy_per_atom = formation
            if formation is not None:
                row.second_energy_above_hull = own.hull.place(
                    structure.composition, formation
                ).energy_above_hull
