"""Many are drawn, one energy judges each, and the lowest are proposed."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure

from groundstate.crystals.structures import to_structure
from groundstate.discovery.proposals import Proposal, ProposalSource
from groundstate.discovery.wanted import Wanted
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault


@dataclass(frozen=True)
class Lowest:
    """The crystals of a source that have the lowest energy as drawn, one of each kind.

    An energy costs less than a draw, and much less than a relaxation. Kinds are told apart by
    ``StructureMatcher`` with its default tolerances.
    """

    source: ProposalSource
    most: int
    calculations: Calculations

    def propose(self, wanted: Wanted) -> list[Proposal]:
        """Propose at most ``most`` of what the source draws, the lowest (per atom) first."""
        drawn = self.source.propose(wanted)
        structures = [to_structure(one.crystal) for one in drawn]
        energies = self._energies(structures)
        chosen: list[int] = []
        matcher = StructureMatcher()
        for index in np.argsort(energies, kind="stable").tolist():
            if len(chosen) == self.most or not np.isfinite(energies[index]):
                break
            if not any(matcher.fit(structures[index], structures[other]) for other in chosen):
                chosen.append(index)
        return [drawn[index] for index in chosen]

    def _energies(self, structures: Sequence[Structure]) -> np.ndarray:
        """Compute energies, eV/atom, infinite for what the guards or the potential refuse."""
        settings = self.calculations.settings
        jobs = {}
        for index, structure in enumerate(structures):
            atoms = to_atoms(structure)
            if geometry_fault(atoms, settings) is None:
                jobs[Job("single", str(index))] = atoms
        energies = np.full(len(structures), np.inf)
        for job, result in self.calculations.run(jobs, "energies as drawn").items() if jobs else ():
            sound = result["outcome"] == "single" and result.get("force", 0.0) <= settings.maximum_force
            if sound:
                energies[int(job.name)] = result["energy"] / len(jobs[job])
        return energies
