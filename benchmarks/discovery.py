"""Discovery measured: ten classics, and known ground states by templates, diffusion and random search.

    python benchmarks/discovery.py classics --output FOLDER
    python benchmarks/discovery.py ground-states --data FOLDER --output FOLDER [--first 30]

Both go on where they were stopped: finished calculations are in FOLDER/cache, finished rows in FOLDER/*.csv.
"""

import argparse
import csv
import time
from math import gcd
from pathlib import Path

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from structure_prediction import every_validation_crystal

from groundstate.api.weights import checkpoint_of
from groundstate.crystals.crystal import Crystal, reduced_formula
from groundstate.crystals.formula import parse_formula
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates.shipped import shipped_templates
from groundstate.discovery.budget import Budget
from groundstate.discovery.discover import Discovery, discover
from groundstate.discovery.lowest import Lowest
from groundstate.discovery.proposals import (
    Diffusion,
    ProposalSource,
    RandomSearch,
    SymmetricSearch,
    Templates,
)
from groundstate.discovery.settings import Discover
from groundstate.discovery.wanted import Wanted, cells_of
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_structure as from_atoms
from groundstate.potentials.cache import Cache
from groundstate.stability.evaluation import calculations_of
from groundstate.stability.inputs import GENERATED
from groundstate.stability.references.materials_project import listed_phases
from groundstate.stability.settings import ScoreStability

# space groups of the ground state: SrTiO3 is tetragonal below 105 K and cubic above; DFT (PBE) puts anatase
# below rutile
CLASSICS = {
    "NaCl": (225,),
    "GaN": (186,),
    "ZnO": (186,),
    "CaF2": (225,),
    "LiCoO2": (166,),
    "SrTiO3": (140, 221),
    "Bi2Te3": (166,),
    "TiO2": (141,),
    "MgAl2O4": (227,),
    "LiFePO4": (62,),
}


def append(path: Path, row: dict) -> None:
    new = not path.exists()
    with path.open("a", newline="") as handle:
        writer = csv.DictWriter(handle, list(row), lineterminator="\n")
        if new:
            writer.writeheader()
        writer.writerow(row)


def finished(path: Path) -> set[str]:
    return {row["name"] for row in csv.DictReader(path.open())} if path.exists() else set()


def classics(output: Path, candidates: int, best: int, symmetric: int, draws: int, short: int) -> None:
    """No template of the very same formula lends its structure."""
    library = shipped_templates()
    cache = Cache(output / "cache")
    judge = calculations_of(Discover().stability, cache)
    chance = Lowest(SymmetricSearch(symmetric * draws, 0), symmetric, judge)
    sources = [Templates(library, candidates, own_formula=False), chance]
    path = output / "classics.csv"
    for formula, groups in CLASSICS.items():
        if formula in finished(path):
            continue
        start = time.process_time()
        wanted = [cells_of(parse_formula(formula), 28)]
        found = run(
            wanted,
            sources,
            output / formula,
            Discover(max_atoms=28, templates=candidates, best=best, short=short),
            best,
            cache,
        )
        rows = [row for row in found.rows if row.outcome == "converged" and row.unique]
        ranks = [rank for rank, row in enumerate(rows, 1) if row.space_group_number in groups]
        first = rows[0]
        append(
            path,
            {
                "name": formula,
                "rank_of_ground_state": ranks[0] if ranks else "",
                "first": f"{first.space_group} ({first.space_group_number})",
                "energy_above_hull": f"{first.bound}{first.energy_above_hull:.4f}",
                "gap_to_second": f"{rows[1].energy_above_hull - first.energy_above_hull:.4f}"
                if len(rows) > 1
                else "",
                "relaxed": len(found.rows),
                "origin": first.origin,
                "cpu_seconds": round(time.process_time() - start),
            },
        )
    table = list(csv.DictReader(path.open()))
    firsts = sum(row["rank_of_ground_state"] == "1" for row in table)
    somewhere = sum(row["rank_of_ground_state"] != "" for row in table)
    print(f"ground state first: {firsts} of {len(table)}; found: {somewhere}")


def run(
    wanted: list[Wanted],
    sources: list[ProposalSource],
    folder: Path,
    settings: Discover,
    relaxations: int,
    cache: Cache,
) -> Discovery:
    return discover(
        wanted, sources, shipped_templates(), folder, settings, Budget(relaxations=relaxations), cache
    )


def ground_states(options: argparse.Namespace) -> None:
    """Five full relaxations of at most 120 steps for each stable validation crystal, in the order drawn."""
    output, seed, (low, high) = options.output, options.seed, options.atoms
    library = shipped_templates(("mp-20 train",))
    truths = [one for one in every_validation_crystal(options.data) if low <= len(one.atomic_numbers) <= high]
    truths = [one for one in truths if is_stable(one)]
    drawn = np.random.default_rng(seed).choice(len(truths), options.number, replace=False)
    chosen = [truths[index] for index in drawn[: options.first]]
    checkpoint = checkpoint_of("crystals", None)
    stability = ScoreStability(workers=0, max_steps=120)
    cache = Cache(output / "cache")
    judge = calculations_of(stability, cache)
    drawn, chance = Diffusion(checkpoint, 100, seed), SymmetricSearch(100, seed)
    twenty = [Templates(library, 7), Lowest(drawn, 7, judge), Lowest(chance, 6, judge)]
    ways: dict[str, list[ProposalSource]] = {
        "templates": [Templates(library, 5)],
        "diffusion": [Lowest(drawn, 5, judge)],
        "symmetric search": [Lowest(chance, 5, judge)],
        "random search": [RandomSearch(5, seed)],
        "random search, lowest of 100": [Lowest(RandomSearch(100, seed), 5, judge)],
        "all": twenty,  # as many short relaxations as a discovery of five makes
    }
    path = output / "ground_states.csv"
    for truth in chosen:
        for way, sources in ways.items():
            name = f"{truth.id} {way}"
            if name in finished(path) or (options.rows and way not in options.rows):
                continue
            start = time.process_time()
            counts = dict(zip(*np.unique(truth.atomic_numbers, return_counts=True), strict=True))
            counts = {int(z): int(n) for z, n in counts.items()}
            divisor = gcd(*counts.values())
            wanted = [Wanted({z: n // divisor for z, n in counts.items()}, [counts])]
            settings = Discover(max_atoms=20, best=5, stability=stability)
            hit, relaxed = False, 0
            try:
                found = run(wanted, sources, output / truth.id, settings, 5, cache)
                relaxed = len(found.rows)
                atoms = found.evaluation.scores[GENERATED].relaxed
                matcher = StructureMatcher()
                hit = any(matcher.fit(from_atoms(one), to_structure(truth)) for one in atoms.values())
            except GroundstateError as error:
                print(f"{name}: {error}")
            append(
                path,
                {
                    "name": name,
                    "way": way,
                    "formula": reduced_formula(truth.atomic_numbers),
                    "atoms": len(truth.atomic_numbers),
                    "relaxed": relaxed,
                    "found": int(hit),
                    "cpu_seconds": round(time.process_time() - start),
                },
            )
    table = list(csv.DictReader(path.open()))
    for way in ways:
        rows = [row for row in table if row["way"] == way]
        hits = sum(int(row["found"]) for row in rows)
        print(
            f"{way}: {hits} of {len(rows)} found, {sum(int(row['cpu_seconds']) for row in rows)} CPU-seconds"
        )


def is_stable(crystal: Crystal) -> bool:
    structure = to_structure(crystal)
    symbols = [element.symbol for element in structure.composition]
    return any(phase.stable and phase.id == crystal.id for phase in listed_phases(symbols))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["classics", "ground-states"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--candidates", type=int, default=6)
    parser.add_argument("--symmetric", type=int, default=0)
    parser.add_argument("--draws", type=int, default=10, help="of symmetric search, for each that is tried")
    parser.add_argument("--best", type=int, default=3)
    parser.add_argument("--short", type=int, default=4, help="short relaxations for each of these")
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--first", type=int, help="only so many of these")
    parser.add_argument("--atoms", type=int, nargs=2, default=[5, 20])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", nargs="*", help="of the ground states; all by default")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    if options.what == "classics":
        numbers = options.best, options.symmetric, options.draws, options.short
        classics(options.output, options.candidates, *numbers)
    else:
        ground_states(options)
