"""What a hull is made of: structures and entries of the user's, prototypes, shipped energies."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from ase import Atoms
from pymatgen.entries.computed_entries import ComputedEntry

from groundstate.crystals.structures import NamedStructure
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.calculations import Job
from groundstate.potentials.corrections import hull_scheme
from groundstate.potentials.interface import MP_CORRECTED
from groundstate.stability.references.materials_project import listed_phase, listed_phases

ElementReference = Literal["mp", "own"]


@dataclass(frozen=True)
class ReferenceInputs:
    """Phases that a hull is made of, before those of the user have an energy.

    Parameters
    ----------
    phases
        Structures at their own (DFT) geometry.
    prototypes
        Structures that are relaxed before they count.
    entries
        Materials Project energies on the MP2020 scheme.
    elements
        Elemental energies: of the Materials Project, or the potential's own.
    shipped
        Whether the shipped formation energies take part.
    whole
        The user vouches that the references hold every stable phase of their systems.
    """

    phases: list[NamedStructure] = field(default_factory=list)
    prototypes: list[NamedStructure] = field(default_factory=list)
    entries: list[ComputedEntry] = field(default_factory=list)
    elements: ElementReference = "mp"
    shipped: bool = True
    whole: bool = False

    def use_shipped(self, scheme: str) -> bool:
        """Tell whether the shipped energies share a hull with those of this scheme."""
        return self.shipped and hull_scheme(scheme) == MP_CORRECTED

    def without_energy(self, scheme: str) -> list[NamedStructure]:
        """List the structures that a potential of this scheme has to compute, the others being shipped.

        On the scheme of the Materials Project the shipped energy of a listed phase stands for its structure,
        and elements are needed only where the potential's own are asked for.
        """
        if hull_scheme(scheme) != MP_CORRECTED:
            return self.phases
        return [phase for phase in self.phases if self._has_to_be_computed(phase)]

    def _has_to_be_computed(self, phase: NamedStructure) -> bool:
        composition = phase.structure.composition
        if len(composition) == 1:
            return self.elements == "own"
        listed = listed_phase(phase.id) if self.shipped else None
        if listed is None or listed.kind != "computed":
            return True
        return listed.formula != composition.reduced_formula

    def compounds(self, systems: Iterable[frozenset[str]], scheme: str) -> set[frozenset[str]]:
        """Give the element sets of all compounds that these references have in ``systems``."""
        compositions = [structure.composition for _, structure in self.phases]
        compositions += [entry.composition for entry in self.entries]
        if self.use_shipped(scheme):
            listed = (phase for system in systems for phase in listed_phases(system))
            compositions += [phase.composition for phase in listed if phase.kind == "computed"]
        return {frozenset(e.symbol for e in one) for one in compositions if len(one) > 1}

    def jobs(self, scheme: str) -> dict[Job, Atoms]:
        """Give the calculations that these phases need from a potential of this scheme."""
        computed = self.without_energy(scheme)
        jobs = {Job("single", f"phase/{name}"): to_atoms(structure) for name, structure in computed}
        return jobs | {Job("relax", f"phase/{name}"): to_atoms(one) for name, one in self.prototypes}
