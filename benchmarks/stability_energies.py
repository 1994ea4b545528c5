"""Formation energies of 21 compounds and what lies on three hulls, for each potential.

python benchmarks/stability_energies.py --output benchmarks/stability_energies.json [--potential chgnet ...]
"""

import argparse
from pathlib import Path

import numpy as np
from ase import Atoms
from stability_phases import ELEMENTS, EXPERIMENT, phases

from groundstate.files import write_json
from groundstate.potentials.atoms import to_atoms, to_structure
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings
from groundstate.stability.references.hull import Phase, ReferenceHull

SYSTEMS = {"Li-O": "Li O", "Na-Cl": "Na Cl", "O-Sr-Ti": "O Sr Ti"}


def rattled(name: str, structure) -> Atoms:
    """A small displacement (0.02 angstrom), so that no symmetry keeps a phase at a saddle."""
    atoms = to_atoms(structure)
    atoms.rattle(0.02, seed=sum(map(ord, name)))
    return atoms


def measure(name: str, cache: Cache, workers: int) -> dict:
    """Relax every phase and compare."""
    potential = find_potential(name)
    jobs = {Job("relax", phase): rattled(phase, structure) for phase, structure in phases().items()}
    results = Calculations(potential, cache, RelaxSettings(max_steps=300), workers).run(jobs, name)
    energies, compositions, steps = {}, {}, []
    for (_, phase), result in results.items():
        if result["outcome"] == "failed":
            print(name, phase, result["reason"])
            continue
        start = jobs[Job("relax", phase)]
        structure = to_structure(
            Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
        )
        energies[phase] = corrected_energy(structure, result["energy"], potential.scheme)
        compositions[phase] = structure.composition
        steps.append(result["steps"])
    published = mp_element_energies()
    own = {s: energies[s] / compositions[s].num_atoms for s in ELEMENTS if s in energies}
    references = {"own": published | own, "mp": published}
    formation = {
        reference: {p: formation_energy(compositions[p], energies[p], elements) for p in compositions}
        for reference, elements in references.items()
    }
    errors = {
        reference: float(np.mean([abs(values[p] - EXPERIMENT[p]) for p in EXPERIMENT]))
        for reference, values in formation.items()
    }
    hulls = {}
    for system, symbols in SYSTEMS.items():
        inside = [p for p in compositions if {e.symbol for e in compositions[p]} <= set(symbols.split())]
        inside = [p for p in inside if p not in ELEMENTS]
        phases_inside = [Phase(p, compositions[p], formation["own"][p]) for p in inside]
        hulls[system] = {}
        for phase in phases_inside:
            others = ReferenceHull([other for other in phases_inside if other.id != phase.id])
            place = others.place(phase.composition, phase.formation_energy)
            hulls[system][phase.id] = [place.energy_above_hull, place.decomposition_energy]
    return {
        "version": potential.version,
        "mean_absolute_error": errors,
        "formation_energy": formation,
        "hulls": hulls,
        "element_shift": {s: own[s] - published[s] for s in own},
        "median_steps": float(np.median(steps)),
        "not_converged": [p for (_, p), r in results.items() if r["outcome"] != "converged"],
    }


def main() -> None:
    """Measure each potential and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--potential", nargs="+", default=["sevennet-0", "chgnet"])
    parser.add_argument("--cache", type=Path, default=Path("results/cache"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    found = {name: measure(name, Cache(options.cache), options.workers) for name in options.potential}
    write_json(options.output, {"experiment": EXPERIMENT, "potentials": found})
    for name, values in found.items():
        print(name, values["mean_absolute_error"], values["not_converged"])
        for system, places in values["hulls"].items():
            print(" ", system, {p: [round(v, 3) for v in pair] for p, pair in places.items()})


if __name__ == "__main__":
    main()
