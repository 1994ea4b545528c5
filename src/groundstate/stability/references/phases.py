"""Reference phases: their energies with a potential, the elements, and the hull they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from ase import Atoms
from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.crystals.structures import NamedStructure
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import (
    corrected_energy,
    formation_energy,
    hull_scheme,
    mp_element_energies,
)
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.interface import MP_CORRECTED, Potential
from groundstate.potentials.result import Result
from groundstate.records import Rejection
from groundstate.stability.references.hull import Phase, ReferenceHull

ElementReference = Literal["mp", "own"]


@dataclass(frozen=True)
class ReferenceInputs:
    """Phases that a hull is made of, before any of them has an energy.

    ``phases`` stand at their own (DFT) geometry and get single points; ``prototypes`` are relaxed first;
    ``entries`` carry Materials Project energies on the MP2020 scheme.
    """

    phases: list[NamedStructure] = field(default_factory=list)
    prototypes: list[NamedStructure] = field(default_factory=list)
    entries: list[ComputedEntry] = field(default_factory=list)
    elements: ElementReference = "mp"

    def jobs(self) -> dict[Job, Atoms]:
        """Return the calculations that give these phases their energies."""
        jobs = {Job("single", f"phase/{name}"): to_atoms(structure) for name, structure in self.phases}
        return jobs | {Job("relax", f"phase/{name}"): to_atoms(one) for name, one in self.prototypes}


@dataclass(frozen=True)
class References:
    """What every set of crystals is placed on; ``phases`` at the geometry that their energies belong to."""

    hull: ReferenceHull
    elements: Mapping[str, float]
    phases: list[NamedStructure]
    failures: list[Rejection]


def refuse_mixed_hull(entries: Sequence[ComputedEntry], potential: Potential) -> None:
    """Raise ``GroundstateError`` where entries (MP2020) and potential are on different energy schemes."""
    if entries and hull_scheme(potential.scheme) != MP_CORRECTED:
        raise GroundstateError(
            f"{potential.name} is on the energy scheme {potential.scheme!r}, the reference entries are on "
            f"{MP_CORRECTED!r}: energies of different schemes make no hull"
        )


def build_references(
    inputs: ReferenceInputs, results: Mapping[Job, Result], calculations: Calculations
) -> References:
    """Make the hull from the results of ``inputs.jobs()``; prototypes that did not relax fall out."""
    phases, phase_results, failures = list(inputs.phases), {}, []
    for phase in inputs.prototypes:
        result = results[Job("relax", f"phase/{phase.id}")]
        relaxed = _relaxed_phase(phase, result, calculations)
        if isinstance(relaxed, str):
            failures.append(Rejection(phase.id, "prototype", relaxed))
        else:
            phases.append(relaxed)
            phase_results[phase.id] = result
    phase_results |= {name: results[Job("single", f"phase/{name}")] for name, _ in inputs.phases}
    placed = place_references(phases, phase_results, inputs, calculations.potential)
    return References(placed.hull, placed.elements, placed.phases, [*placed.failures, *failures])


def _relaxed_phase(phase: NamedStructure, result: Result, calculations: Calculations) -> NamedStructure | str:
    """Give a prototype at the geometry that it relaxed to, or say why it cannot be a phase."""
    if result["outcome"] != "converged":
        return result.get("reason", result["outcome"])
    atoms = Atoms(
        to_atoms(phase.structure).numbers, positions=result["positions"], cell=result["cell"], pbc=True
    )
    fault = volume_fault(phase.structure.volume, atoms.get_volume(), calculations.settings)
    fault = fault or geometry_fault(atoms, calculations.settings)
    return fault or NamedStructure(phase.id, to_structure(atoms))


def place_references(
    phases: Sequence[NamedStructure],
    results: Mapping[str, Result],
    inputs: ReferenceInputs,
    potential: Potential,
) -> References:
    """Take elemental energies and the hull from entries and the results of phases (``energy``, eV a cell)."""
    energies, failures = {}, []
    for name, structure in phases:
        result = results[name]
        try:
            if result["outcome"] == "failed":
                raise ValueError(result["reason"])
            energies[name] = corrected_energy(structure, result["energy"], potential.scheme)
        except ValueError as error:
            failures.append(Rejection(name, "reference", str(error)))
    placed = [phase for phase in phases if phase.id in energies]
    elements = element_energies(placed, energies, potential, inputs.elements)
    compounds = [*_structure_phases(placed, energies, elements), *_entry_phases(inputs.entries)]
    return References(ReferenceHull(compounds), elements, placed, failures)


def element_energies(
    phases: Sequence[NamedStructure],
    energies: Mapping[str, float],
    potential: Potential,
    reference: ElementReference,
) -> dict[str, float]:
    """Energy per atom (eV) of each element: Materials Project entries, the potential's own, or both.

    A potential that is not on a Materials Project scheme has only its own.
    """
    own: dict[str, float] = {}
    for name, structure in phases:
        if len(structure.composition) == 1:
            symbol, energy = structure.composition.elements[0].symbol, energies[name] / len(structure)
            own[symbol] = min(energy, own.get(symbol, np.inf))
    if hull_scheme(potential.scheme) != MP_CORRECTED:
        return own
    return mp_element_energies() | (own if reference == "own" else {})


def _structure_phases(
    placed: Sequence[NamedStructure], energies: Mapping[str, float], elements: Mapping[str, float]
) -> list[Phase]:
    phases = []
    for name, structure in placed:
        energy = formation_energy(structure.composition, energies[name], elements)
        if energy is not None and len(structure.composition) > 1:
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
