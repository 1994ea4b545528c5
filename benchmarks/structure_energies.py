"""One prediction a composition: templates and diffusion relaxed a little, judged by SevenNet-0.

    python benchmarks/structure_energies.py --data FOLDER --output O [--number 200]

Compositions and templates are those of ``structure_prediction.py``. Of each composition the likest templates
of different kinds, and of ``--samples`` crystals drawn without template the ``LIKELIEST`` that the model
denoises best, are relaxed for ``FIRST`` FIRE steps, and the ``BEST`` lowest for ``FURTHER`` more.

Rows: the likest template as it is, the lowest energy, and the lowest of energy + price x distance of the
template's elements (``DRAWN`` for what has no template), for the published crystal is not always the lowest.
The price of a fifth of the compositions is that of the best match rate on the others. Draws and relaxations
are kept: a killed run goes on.
"""

import argparse
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from structure_prediction import PARTS, from_model, rate, validation_crystals

from groundstate.api.weights import checkpoint_of
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.generate import likeliest_first
from groundstate.crystals.models.load import load_model
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates.shipped import shipped_templates
from groundstate.crystals.templates.substitute import candidates
from groundstate.metrics.crystals.match import TOLERANCES, match_distance
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings

TEMPLATES, LIKELIEST = 6, 2
FIRST, FURTHER, BEST = 12, 25, 3
SLACK = 0.02  # eV/atom that what was not relaxed further is taken to lie higher
DRAWN = 2.0
PRICES = (0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2)  # eV/atom
FOLDS = 5


class Judged(NamedTuple):
    """A candidate after its relaxation: eV/atom, its template's distance, and how near the truth it is."""

    energy: float
    distance: float
    match: float | None


def relaxed(
    crystals: Sequence[Crystal], output: Path, steps: int, name: str = "energies"
) -> dict[int, tuple[float, Crystal]]:
    """Give the energy per atom and the crystal after some steps, by place, of each that keeps whole."""
    settings = RelaxSettings(max_steps=steps)
    calculations = Calculations(find_potential("sevennet-0"), Cache(output / "energies"), settings, 0)
    jobs = {}
    for place, crystal in enumerate(crystals):
        atoms = to_atoms(to_structure(crystal))
        if geometry_fault(atoms, settings) is None:
            jobs[Job("relax", str(place))] = atoms
    found = {}
    for job, result in calculations.run(jobs, name).items():
        if result["outcome"] in ("converged", "not_converged"):
            cell = np.array(result["cell"])
            frac = np.array(result["positions"]) @ np.linalg.inv(cell)
            numbers = np.array(jobs[job].numbers)
            found[int(job.name)] = result["energy"] / len(numbers), Crystal("", numbers, frac, cell)
    return found


def judged(truths: Sequence[Crystal], pools: Sequence[Sequence[tuple[float, Crystal]]], output: Path) -> list:
    """Relax the pools (distance, crystal) in two rounds and compare with the truths."""
    places = [(row, one) for row, pool in enumerate(pools) for one in range(len(pool))]
    once = relaxed([pools[row][one][1] for row, one in places], output, FIRST, "first steps")
    of_row: list[list[int]] = [[] for _ in pools]
    for place in sorted(once, key=lambda place: once[place][0]):
        of_row[places[place][0]].append(place)
    again = [place for found in of_row for place in found[:BEST]]
    twice = relaxed([once[place][1] for place in again], output, FURTHER, "further steps")
    last = {again[index]: end for index, end in twice.items()}
    matcher, rows = StructureMatcher(**TOLERANCES), []
    for truth, found in zip(truths, of_row, strict=True):
        wanted, some = to_structure(truth), []
        for place in found:
            energy, crystal = last.get(place, (once[place][0] + SLACK, once[place][1]))
            row, one = places[place]
            near = match_distance(to_structure(crystal), wanted, matcher)
            some.append(Judged(energy, pools[row][one][0], near))
        rows.append(some)
    return rows


def chosen(row: Sequence[Judged], price: float) -> list[float | None]:
    """Take the lowest of energy + price x distance: how near the truth it is."""
    if not row:
        return [None]
    return [min(row, key=lambda one: one.energy + price * one.distance).match]


def hits(rows: Sequence[Sequence[Judged]], price: float) -> int:
    return sum(chosen(row, price)[0] is not None for row in rows)


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    begun = time.process_time()
    truths = validation_crystals(options.data, options.number, options.seed)
    library = shipped_templates(PARTS)
    model = load_model(checkpoint_of("crystals", None), torch.device("cpu"))
    drawn = from_model(model, truths, options.samples, options.seed, work=options.output)
    pools: list[list[tuple[float, Crystal]]] = []
    for truth, samples in zip(truths, drawn, strict=True):
        found = candidates(library, Counter(truth.atomic_numbers.tolist()), TEMPLATES)
        likeliest = likeliest_first(model, samples)[:LIKELIEST]
        pools.append([(one.distance, one.crystal) for one in found] + [(DRAWN, one) for one in likeliest])
    matcher = StructureMatcher(**TOLERANCES)
    first = [
        [match_distance(to_structure(pool[0][1]), to_structure(truth), matcher)]
        for truth, pool in zip(truths, pools, strict=True)
    ]
    rows = judged(truths, pools, options.output)
    print(f"likest template as it is: {rate(first, 1)}")
    print(f"lowest energy: {rate([chosen(row, 0) for row in rows], 1)}")
    folds = np.array_split(np.random.default_rng(0).permutation(len(rows)), FOLDS)
    priced: list[list[float | None]] = [[] for _ in rows]
    for fold in folds:
        others = [rows[index] for index in range(len(rows)) if index not in set(fold.tolist())]
        price = max(PRICES, key=lambda one: (hits(others, one), -one))
        for index in fold:
            priced[index] = chosen(rows[index], price)
        print(f"  a fold's price: {price} eV/atom")
    print(f"lowest energy + price x distance: {rate(priced, 1)}")
    print(f"any of them: {rate([[one.match for one in row] for row in rows], TEMPLATES + LIKELIEST)}")
    print(f"{time.process_time() - begun:.0f} CPU-s, less what was kept", flush=True)


if __name__ == "__main__":
    main()
