"""Formation energies of labelled crystals at their own geometry against the labels.

python benchmarks/stability_labels.py --crystals mp_20_val.csv.gz --number 300 --output labels.json
"""

import argparse
from pathlib import Path

import numpy as np

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.structures import to_structure
from groundstate.files import write_json
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import find_potential
from groundstate.stability.rows import flag_elements

LABEL = "formation_energy_per_atom"


def main() -> None:
    """Draw labelled crystals, evaluate them once each, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--number", type=int, default=300)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--potential", nargs="+", default=["sevennet-0", "chgnet"])
    parser.add_argument("--cache", type=Path, default=Path("results/cache"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    labelled = [c for c in read_csv(options.crystals) if isinstance(c, Crystal) and LABEL in c.properties]
    drawn = np.random.default_rng(options.seed).choice(len(labelled), options.number, replace=False)
    crystals = {labelled[i].id: labelled[i] for i in sorted(drawn)}
    structures = {name: to_structure(crystal) for name, crystal in crystals.items()}
    elements = mp_element_energies()
    summary: dict = {
        "labelled": len(labelled),
        "number": len(crystals),
        "seed": options.seed,
        "potentials": {},
    }
    for name in options.potential:
        potential = find_potential(name)
        jobs = {Job("single", key): to_atoms(structure) for key, structure in structures.items()}
        results = Calculations(potential, Cache(options.cache), workers=options.workers).run(jobs, name)
        rows, failed = [], []
        for key, structure in structures.items():
            result = results[Job("single", key)]
            if result["outcome"] == "failed":
                failed.append(key)
                continue
            energy = corrected_energy(structure, result["energy"], potential.scheme)
            found = formation_energy(structure.composition, energy, elements)
            magnetic, f_electron = flag_elements({e.symbol for e in structure.composition})
            rows.append((found - crystals[key].properties[LABEL], magnetic, f_electron))
        errors = np.array([row[0] for row in rows])
        flags = np.array([row[1:] for row in rows], bool)
        low, high = bootstrap_interval(np.abs(errors), seed=0)
        summary["potentials"][name] = {
            "mae": float(np.abs(errors).mean()),
            "interval": [low, high],
            "bias": float(errors.mean()),
            "median": float(np.median(np.abs(errors))),
            "worst": float(np.abs(errors).max()),
            "mae_magnetic": float(np.abs(errors[flags[:, 0]]).mean()),
            "mae_f_electron": float(np.abs(errors[flags[:, 1]]).mean()),
            "mae_other": float(np.abs(errors[~flags.any(axis=1)]).mean()),
            "counts": [int(flags[:, 0].sum()), int(flags[:, 1].sum()), int((~flags.any(axis=1)).sum())],
            "failed": failed,
        }
        print(name, summary["potentials"][name])
    write_json(options.output, summary)


if __name__ == "__main__":
    main()
