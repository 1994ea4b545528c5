"""The shipped hull against published distances, and which energies of the competing phases predict them best.

    python benchmarks/stability_shipped_hull.py --published mp_formation_energies.csv.gz --crystals
    mp_20_val.csv.gz --structures mp_20_train_part11249.csv.gz mpts_52_train_part.csv.gz --output hull.json

Without a potential: the energy above hull of every phase of drawn complete systems, from the shipped table,
against `e_above_hull` of `--published` (by `material_id`). With one: single points of drawn crystals of
`--crystals`, against two hulls: all competing phases at their shipped (DFT) energies, or those that decide
the distance at energies of the same potential, for crystals whose decisive phases are all in the files.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import spearmanr

from groundstate.crystals.structures import read_structures
from groundstate.files import write_json
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.corrections import corrected_energy, formation_energy, mp_element_energies
from groundstate.potentials.interface import find_potential
from groundstate.stability.references.hull import Phase, ReferenceHull, chemical_system
from groundstate.stability.references.materials_project import ListedPhase, listed_phase, listed_phases

LARGEST = 24  # atoms of a competing phase that is computed


def competing(listed: list[ListedPhase], left_out: str = "") -> list[Phase]:
    """Phases with a computed energy, without one."""
    return [
        Phase(phase.id, phase.composition, phase.formation_energy)
        for phase in listed
        if phase.kind == "computed" and phase.id != left_out
    ]


def is_complete(listed: list[ListedPhase]) -> bool:
    """Whether every stable phase has a computed energy."""
    return all(phase.kind == "computed" for phase in listed if phase.stable)


def rebuild(published: dict, number: int, generator: np.random.Generator) -> dict:
    """Distances of all phases of ``number`` complete systems from the shipped table."""
    systems = sorted({"-".join(sorted(set(s.split("-")))) for s in published["system"]})
    errors, stable, taken = [], [], 0
    for system in generator.permutation([s for s in systems if 1 <= s.count("-") <= 3]):
        listed = listed_phases(system.split("-"))
        if not is_complete(listed):
            continue
        taken += 1
        for phase in listed:
            if phase.kind == "computed" and chemical_system(phase.composition) == system:
                place = ReferenceHull(competing(listed, phase.id)).place(
                    phase.composition, phase.formation_energy
                )
                errors.append(abs(place.energy_above_hull - published["distance"][phase.id]))
                stable += [errors[-1]] if phase.stable else []
        if taken == number:
            break
    return {
        "systems": taken,
        "phases": len(errors),
        "mae": float(np.mean(errors)),
        "within_2_mev": float(np.mean(np.array(errors) <= 2e-3)),
        "stable_within_2_mev": float(np.mean(np.array(stable) <= 2e-3)),
    }


def measure(predicted: np.ndarray, published: np.ndarray) -> dict:
    """Errors of decomposition energies, and how well "stable" is recognised."""
    summary = {
        "n": len(published),
        "mae": float(np.abs(predicted - published).mean()),
        "bias": float((predicted - published).mean()),
        "median": float(np.median(np.abs(predicted - published))),
        "spearman": float(spearmanr(predicted, published).statistic),
    }
    for threshold in (0.0, 0.025, 0.1):
        ours, theirs = predicted <= threshold, published <= threshold
        both = int((ours & theirs).sum())
        summary[f"at_{threshold}"] = [both / max(int(ours.sum()), 1), both / max(int(theirs.sum()), 1)]
    return summary


def main() -> None:
    """Rebuild published hulls, then compare two kinds of competitors."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--published", type=Path, required=True)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--structures", type=Path, nargs="+", required=True)
    parser.add_argument("--potential", default="sevennet-0")
    parser.add_argument("--systems", type=int, default=200)
    parser.add_argument("--number", type=int, default=120)
    parser.add_argument("--max-atoms", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cache", type=Path, default=Path("results/cache"))
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    generator = np.random.default_rng(options.seed)
    rows = pd.read_csv(options.published, keep_default_na=False).set_index("material_id")
    listed_rows = [(name, listed_phase(name)) for name in rows.index]
    systems = [chemical_system(phase.composition) if phase else "" for _, phase in listed_rows]
    distances = rows["e_above_hull"].astype(float).to_dict()
    summary = {"rebuilt": rebuild({"system": systems, "distance": distances}, options.systems, generator)}
    print(summary["rebuilt"])
    crystals = dict(read_structures(options.crystals)[0])
    structures = {
        name: one for path in options.structures for name, one in read_structures(path)[0]
    } | crystals
    drawn, needed = [], set()
    for name in generator.permutation(sorted(crystals)):
        composition, own = crystals[name].composition, listed_phase(name)
        listed = listed_phases([element.symbol for element in composition])
        if len(composition) == 1 or len(crystals[name]) > options.max_atoms or not is_complete(listed):
            continue
        if own is None or own.kind != "computed":
            continue
        others = competing(listed, name)
        place = ReferenceHull(others).place(composition, own.formation_energy)
        decisive = [phase for phase in place.phases.split(" + ") if "-" in phase]
        if all(phase in structures and len(structures[phase]) <= LARGEST for phase in decisive):
            drawn.append((name, others, place.decomposition_energy, decisive))
            needed |= {name, *decisive}
        if len(drawn) == options.number:
            break
    potential = find_potential(options.potential)
    jobs = {Job("single", name): to_atoms(structures[name]) for name in sorted(needed)}
    results = Calculations(potential, Cache(options.cache), workers=0).run(jobs, options.potential)
    energies = {
        name: formation_energy(
            structures[name].composition,
            corrected_energy(structures[name], results[Job("single", name)]["energy"], potential.scheme),
            mp_element_energies(),
        )
        for name in needed
    }
    predicted: dict[str, list[float]] = {"shipped": [], "computed": []}
    for name, others, _, decisive in drawn:
        computed = [
            phase._replace(formation_energy=energies[phase.id]) if phase.id in decisive else phase
            for phase in others
        ]
        for kind, phases in (("shipped", others), ("computed", computed)):
            place = ReferenceHull(phases).place(structures[name].composition, energies[name])
            predicted[kind].append(place.decomposition_energy)
    published = np.array([energy for _, _, energy, _ in drawn])
    for kind, values in predicted.items():
        summary[kind] = measure(np.array(values), published)
        print(kind, summary[kind])
    write_json(options.output, summary)


if __name__ == "__main__":
    main()
