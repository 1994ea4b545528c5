"""Energies above a partial hull against the labels of a data set that were computed with the whole hull.

    python benchmarks/stability_hull.py --records results/crystals/mp3938/prepared/records.parquet --output
    hull.json

Each drawn crystal is taken out of the references (leave one out). Twice: with energies of the potential, and
with the formation energies that the data set itself gives, which leaves only the error of the incomplete
hull.
"""

import argparse
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

from groundstate.crystals.crystal import from_record
from groundstate.crystals.structures import to_structure
from groundstate.files import write_json
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import find_potential
from groundstate.records import CRYSTAL_SCHEMA, read_records
from groundstate.stability.references.hull import Phase, ReferenceHull


def compare(found: np.ndarray, labels: np.ndarray) -> dict:
    """Error, rank correlation, and how well "stable" is recognised at two thresholds."""
    summary = {
        "n": len(labels),
        "mae": float(np.abs(found - labels).mean()),
        "bias": float((found - labels).mean()),
        "spearman": float(spearmanr(found, labels).statistic),
    }
    for threshold in (0.025, 0.1):
        ours, theirs = found <= threshold, labels <= threshold
        both = int((ours & theirs).sum())
        summary[f"at_{threshold}"] = {
            "precision": both / max(int(ours.sum()), 1),
            "recall": both / max(int(theirs.sum()), 1),
            "stable_labels": int(theirs.sum()),
        }
    return summary


def main() -> None:
    """Draw crystals, place each on the hull of the others, compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--number", type=int, default=150)
    parser.add_argument("--max-atoms", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--potential", nargs="+", default=["sevennet-0"])
    parser.add_argument("--cache", type=Path, default=Path("results/cache"))
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    crystals = {row["id"]: from_record(row) for row in read_records(options.records, CRYSTAL_SCHEMA)}
    structures = {name: to_structure(crystal) for name, crystal in crystals.items()}
    sets = {name: frozenset(e.symbol for e in s.composition) for name, s in structures.items()}
    able = [
        name
        for name, structure in structures.items()
        if len(sets[name]) > 1 and len(structure) <= options.max_atoms
        if any(len(other) > 1 and other <= sets[name] for key, other in sets.items() if key != name)
    ]
    drawn = sorted(np.random.default_rng(options.seed).choice(able, options.number, replace=False).tolist())
    needed = [n for n in sets if len(sets[n]) > 1 and any(sets[n] <= sets[crystal] for crystal in drawn)]
    labels = np.array([crystals[name].properties["e_above_hull"] for name in drawn])
    energies = {"labels": {n: crystals[n].properties["formation_energy_per_atom"] for n in needed}}
    for name in options.potential:
        potential = find_potential(name)
        jobs = {Job("single", key): to_atoms(structures[key]) for key in needed}
        results = Calculations(potential, Cache(options.cache), workers=options.workers).run(jobs, name)
        energies[name] = {
            key: formation_energy(
                structures[key].composition,
                corrected_energy(structures[key], results[Job("single", key)]["energy"], potential.scheme),
                mp_element_energies(),
            )
            for key in needed
            if results[Job("single", key)]["outcome"] == "single"
        }
    summary: dict = {
        "able": len(able),
        "references": len(needed),
        "stable_share": float((labels <= 0).mean()),
    }
    for name, values in energies.items():
        phases = [Phase(key, structures[key].composition, energy) for key, energy in values.items()]
        found = []
        for key in drawn:
            hull = ReferenceHull([phase for phase in phases if phase.id != key])
            place = hull.place(structures[key].composition, values[key])
            found.append(place.energy_above_hull)
        summary[name] = compare(np.array(found), labels)
        print(name, summary[name])
    write_json(options.output, summary)


if __name__ == "__main__":
    main()
