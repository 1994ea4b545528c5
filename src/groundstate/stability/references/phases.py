"""Reference phases with their energies: the elements, the hull they make, and what it lacks."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from ase import Atoms
from pymatgen.core import Composition
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
from groundstate.stability.references.inputs import ElementReference, ReferenceInputs
from groundstate.stability.references.materials_project import ListedPhase, listed_phases

MP_ID = re.compile(r"\b(?:mp|mvc)-\d+")


@dataclass(frozen=True)
class References:
    """What every set of crystals is placed on.

    Parameters
    ----------
    hull
        Competing phases with an energy.
    elements
        Energy of each element, eV per atom.
    phases
        Structures that the potential computed, at the geometry that their energies belong to.
    failures
        Structures that got no energy.
    shipped
        How many phases have a shipped energy.
    whole
        No hull is called a lower bound.
    """

    hull: ReferenceHull
    elements: Mapping[str, float]
    phases: list[NamedStructure]
    failures: list[Rejection]
    shipped: int = 0
    whole: bool = False

    @cached_property
    def _listed_here(self) -> frozenset[tuple[str, str]]:
        """Ids of the Materials Project that have an energy, with their formulas."""
        return frozenset(_mp_names(self.hull.phases))

    @cached_property
    def _missing(self) -> dict[frozenset[str], list[ListedPhase]]:
        """What was asked for already, by chemical system."""
        return {}

    def missing(self, composition: Composition) -> list[ListedPhase]:
        """List the stable phases of the chemical system that have no energy here, by formula."""
        system = frozenset(element.symbol for element in composition)
        if system not in self._missing:
            listed = [] if self.whole else listed_phases(system)
            absent = [p for p in listed if p.stable and (p.id, p.formula) not in self._listed_here]
            self._missing[system] = sorted(absent, key=lambda phase: (phase.formula, phase.id))
        return self._missing[system]

    def estimated(self, composition: Composition) -> list[Phase]:
        """List those of the missing phases whose energy is estimated."""
        return [
            Phase(phase.id, phase.composition, phase.formation_energy)
            for phase in self.missing(composition)
            if phase.formation_energy is not None
        ]


def _mp_names(phases: Iterable[Phase]) -> Iterator[tuple[str, str]]:
    for phase in phases:
        match = MP_ID.search(phase.id)
        if match:
            yield match.group(), phase.composition.reduced_formula


def refuse_mixed_hull(entries: Sequence[ComputedEntry], potential: Potential) -> None:
    """Raise ``GroundstateError`` where entries (MP2020) and potential are on different energy schemes."""
    if entries and hull_scheme(potential.scheme) != MP_CORRECTED:
        raise GroundstateError(
            f"{potential.name} is on the energy scheme {potential.scheme!r}, the reference entries are on "
            f"{MP_CORRECTED!r}: energies of different schemes make no hull"
        )


def build_references(
    inputs: ReferenceInputs,
    systems: Collection[frozenset[str]],
    results: Mapping[Job, Result],
    calculations: Calculations,
) -> References:
    """Make the hull of ``systems`` from the results of ``inputs.jobs()``; prototypes may fall out."""
    scheme = calculations.potential.scheme
    computed = inputs.without_energy(scheme)
    phases, phase_results, failures = list(computed), {}, []
    for phase in inputs.prototypes:
        result = results[Job("relax", f"phase/{phase.id}")]
        relaxed = _relaxed_phase(phase, result, calculations)
        if isinstance(relaxed, str):
            failures.append(Rejection(phase.id, "prototype", relaxed))
        else:
            phases.append(relaxed)
            phase_results[phase.id] = result
    phase_results |= {name: results[Job("single", f"phase/{name}")] for name, _ in computed}
    placed = place_references(phases, phase_results, inputs, systems, calculations.potential)
    return replace(placed, failures=[*placed.failures, *failures])


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
    systems: Collection[frozenset[str]],
    potential: Potential,
) -> References:
    """Make the hull of ``systems`` from entries, shipped energies, and the results of phases.

    One energy for each id: an entry of the user's before the shipped one. ``results`` hold the energy of
    each phase in eV per cell.
    """
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
    own = len(compounds)
    if inputs.use_shipped(potential.scheme):
        given = set(_mp_names(compounds))
        listed = {phase.id: phase for system in systems for phase in listed_phases(system)}
        compounds += [
            Phase(phase.id, phase.composition, phase.formation_energy)
            for phase in listed.values()
            if phase.kind == "computed"
            and phase.formation_energy is not None
            and (phase.id, phase.formula) not in given
        ]
    shipped = len(compounds) - own
    return References(ReferenceHull(compounds), elements, placed, failures, shipped, inputs.whole)


def element_energies(
    phases: Sequence[NamedStructure],
    energies: Mapping[str, float],
    potential: Potential,
    reference: ElementReference,
) -> dict[str, float]:
    """Give the energy per atom (eV) of each element: of the Materials Project, the potential's own, or both.

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
