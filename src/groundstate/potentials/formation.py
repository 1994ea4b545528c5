"""Formation energies of crystals as they are, for comparing distributions of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from pymatgen.core import Structure

from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import Potential


def formation_energies(
    structures: Sequence[Structure], potential: Potential, folder: Path, workers: int, name: str
) -> np.ndarray:
    """Compute formation energies (n,) in eV/atom without relaxation; NaN where there is none.

    Against the elements of the Materials Project; ``folder`` keeps finished energies for other runs.
    """
    jobs = {Job("single", str(index)): to_atoms(structure) for index, structure in enumerate(structures)}
    results = Calculations(potential, Cache(folder), workers=workers).run(jobs, name)
    energies = np.full(len(structures), np.nan)
    for index, structure in enumerate(structures):
        result = results[Job("single", str(index))]
        if result["outcome"] == "single":
            try:
                total = corrected_energy(structure, result["energy"], potential.scheme)
            except ValueError:  # a composition that the corrections exclude
                continue
            value = formation_energy(structure.composition, total, mp_element_energies())
            energies[index] = np.nan if value is None else value
    return energies
