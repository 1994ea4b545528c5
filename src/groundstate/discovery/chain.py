"""The chain of judgement: guards, duplicates, short relaxation, symmetry, duplicates, choice."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from ase import Atoms
from pymatgen.core import Composition, Structure

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.space_group import find_space_group
from groundstate.crystals.structures import NamedStructure, to_structure
from groundstate.metrics.crystals.sun import first_equivalents
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.atoms import to_structure as from_atoms
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.result import Result
from groundstate.records import Rejection
from groundstate.stability.references.phases import References

SAME = 1e-3  # eV per atom by which a symmetrised cell may lie above the raw one


@dataclass(frozen=True)
class Judged:
    """A crystal after its short relaxation.

    ``energy`` in eV per atom, ``above_hull`` an estimate (eV per atom; the energy where there is no hull),
    ``symmetrised`` whether its atoms were moved to the places of a higher symmetry.
    """

    structure: NamedStructure
    energy: float
    above_hull: float
    symmetrised: bool


@dataclass
class Chain:
    """The steps from proposals to the crystals that are worth a full relaxation.

    Everything that falls out is in ``rejections`` with the step and the reason.

    Parameters
    ----------
    calculations
        Potential, cache, and the settings of the full relaxations.
    short_steps
        Steps of the short ones.
    symprec
        Distance (angstrom) within which a symmetry counts as one.
    references
        The hull that short relaxations are ranked by.
    """

    calculations: Calculations
    short_steps: int
    symprec: float
    references: References
    rejections: list[Rejection] = field(default_factory=list)

    def judge(
        self,
        proposals: Sequence[NamedStructure],
        enough: Callable[[], bool] | None = None,
        most: int | None = None,
    ) -> list[Judged]:
        """Pass proposals (the most promising first) through all steps; the survivors, the lowest first.

        Parameters
        ----------
        enough
            Tells when no further short relaxation is begun.
        most
            Short relaxations at most; None: no limit.
        """
        sound = self._guarded(proposals)
        distinct = self._distinct(sound, "duplicate as proposed")
        for proposal in distinct[most:] if most is not None else ():
            self._drop(proposal.id, "budget", f"beyond the budget of {most} short relaxations")
        distinct = distinct[:most]
        survivors = self._symmetrised(self._relaxed(distinct, enough))
        survivors.sort(key=lambda one: one.energy)
        kept = {one.id for one in self._distinct([one.structure for one in survivors], "duplicate")}
        return sorted(
            (one for one in survivors if one.structure.id in kept),
            key=lambda one: (one.above_hull, one.energy),
        )

    def choose(self, survivors: Sequence[Judged], best: int, most: int | None) -> list[Judged]:
        """Take at most ``best`` crystals of each formula and ``most`` in all (no limit for None)."""
        taken: dict[str, int] = {}
        chosen: list[Judged] = []
        for one in survivors:
            formula = one.structure.structure.composition.reduced_formula
            taken[formula] = taken.get(formula, 0) + 1
            if taken[formula] > best:
                self._drop(one.structure.id, "choice", f"{best} crystals of {formula} lie lower")
            elif most is not None and len(chosen) >= most:
                self._drop(one.structure.id, "budget", f"beyond the budget of {most} relaxations")
            else:
                chosen.append(one)
        return chosen

    def _drop(self, name: str, step: str, reason: str) -> None:
        self.rejections.append(Rejection(name, step, reason))

    def _guarded(self, proposals: Sequence[NamedStructure]) -> list[NamedStructure]:
        sound = []
        for proposal in proposals:
            fault = geometry_fault(to_atoms(proposal.structure), self.calculations.settings)
            if fault:
                self._drop(proposal.id, "guard", fault)
            else:
                sound.append(proposal)
        return sound

    def _distinct(self, crystals: Sequence[NamedStructure], step: str) -> list[NamedStructure]:
        first = first_equivalents([structure for _, structure in crystals], "duplicates")
        kept = []
        for index, crystal in enumerate(crystals):
            if first[index] == index:
                kept.append(crystal)
            else:
                self._drop(crystal.id, step, f"equivalent to {crystals[first[index]].id}")
        return kept

    def _relaxed(
        self, crystals: Sequence[NamedStructure], enough: Callable[[], bool] | None
    ) -> list[tuple[NamedStructure, float]]:
        """Relax shortly: crystals with their energy (eV per atom), those that the guards still hold."""
        settings = self.calculations.settings.model_copy(update={"max_steps": self.short_steps})
        short = replace(self.calculations, settings=settings)
        jobs = {Job("relax", name): to_atoms(structure) for name, structure in crystals}
        results = short.run(jobs, "short relaxations", enough)
        relaxed = []
        for crystal in crystals:
            result = results.get(Job("relax", crystal.id))
            if result is None:
                self._drop(crystal.id, "budget", "the budget was spent before its short relaxation")
                continue
            fault = self._fault(jobs[Job("relax", crystal.id)], result)
            if fault:
                self._drop(crystal.id, "short relaxation", fault)
                continue
            structure = from_atoms(_atoms_of(jobs[Job("relax", crystal.id)], result))
            relaxed.append((NamedStructure(crystal.id, structure), result["energy"] / len(structure)))
        return relaxed

    def _fault(self, start: Atoms, result: Result) -> str | None:
        """Say why what a relaxation led to is not believed."""
        settings = self.calculations.settings
        if result["outcome"] == "failed":
            return result["reason"]
        if result["initial_force"] > settings.maximum_force:
            return f"a force of {result['initial_force']:.3g} eV/A"
        atoms = _atoms_of(start, result)
        fault = volume_fault(start.get_volume(), atoms.get_volume(), settings)
        fault = fault or geometry_fault(atoms, settings)
        if fault or result["outcome"] == "runaway":
            return fault or "the relaxation ran away"
        formation = self._formation(from_atoms(atoms), result["energy"])
        if formation is not None and formation < settings.minimum_formation_energy:
            return f"a formation energy of {formation:.2f} eV per atom: a hole of the potential"
        return None

    def _symmetrised(self, crystals: Sequence[tuple[NamedStructure, float]]) -> list[Judged]:
        """Take the symmetrised primitive cell where it lowers or keeps the energy, else the raw one."""
        primitive: dict[str, Structure] = {}
        for (name, structure), _ in crystals:
            found = find_space_group(to_crystal(NamedStructure(name, structure)), self.symprec)
            if found is not None and (
                found.number > 1 or len(found.primitive.atomic_numbers) < len(structure)
            ):
                candidate = to_structure(found.primitive)
                if geometry_fault(to_atoms(candidate), self.calculations.settings) is None:
                    primitive[name] = candidate
        jobs = {Job("single", name): to_atoms(structure) for name, structure in primitive.items()}
        results = self.calculations.run(jobs, "symmetrised cells") if jobs else {}
        judged = []
        for raw, energy in crystals:
            result = results.get(Job("single", raw.id))
            moved = result is not None and result["outcome"] == "single"
            if result is not None and moved:
                lower = result["energy"] / len(primitive[raw.id])
                moved = lower <= energy + SAME
                energy = lower if moved else energy
            structure = primitive[raw.id] if moved else raw.structure
            above = self._above_hull(structure, energy)
            judged.append(Judged(NamedStructure(raw.id, structure), energy, above, moved))
        return judged

    def _formation(self, structure: Structure, energy: float) -> float | None:
        """Give the formation energy (eV per atom); None where an element or a correction is missing."""
        try:
            total = corrected_energy(structure, energy, self.calculations.potential.scheme)
        except ValueError:
            return None
        return formation_energy(structure.composition, total, self.references.elements)

    def _above_hull(self, structure: Structure, energy: float) -> float:
        formation = self._formation(structure, energy * len(structure))
        if formation is None:
            return energy
        composition = Composition(structure.composition.reduced_formula)
        return self.references.hull.place(composition, formation).decomposition_energy


def to_crystal(item: NamedStructure) -> Crystal:
    """Give a structure as arrays."""
    structure = item.structure
    return Crystal(
        item.id, np.array(structure.atomic_numbers), structure.frac_coords, structure.lattice.matrix
    )


def _atoms_of(start: Atoms, result: Result) -> Atoms:
    return Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
