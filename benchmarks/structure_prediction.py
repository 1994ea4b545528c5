"""Structure prediction on MP-20: templates, diffusion, diffusion from templates, and all ranked by energy.

    python benchmarks/structure_prediction.py --data FOLDER --output O [--checkpoint C]
    python benchmarks/structure_prediction.py --data FOLDER --output O --energies 40

FOLDER holds mp_20_val.csv.gz; the templates are those of the package without the validation part. A
prediction matches where ``StructureMatcher(stol=.5, ltol=.3, angle_tol=10).get_rms_dist`` gives a distance,
as in the literature (valid or not). ``hard`` are the compositions whose true structure no template of the
same content fits, elements in any order, at the true volume (``fit``, which compares the largest
displacement). What a row has computed is kept in O, so that an interrupted run goes on.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher

from groundstate.api.weights import checkpoint_of
from groundstate.crystals.alignment import align
from groundstate.crystals.crystal import Crystal, fault
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.lattice import niggli
from groundstate.crystals.models.base import CrystalModel, Request
from groundstate.crystals.models.generate import generate, likeliest_first
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.templates import find_in
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates.library import TemplateLibrary, equal_orders
from groundstate.crystals.templates.prototype import content
from groundstate.crystals.templates.shipped import shipped_templates
from groundstate.crystals.templates.substitute import candidates, substitute
from groundstate.files import write_json
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals.match import TOLERANCES, match_distance
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings

PARTS = ("mp-20 train", "mpts-52")
LIKELIEST = 2  # crystals drawn without template in a pool
LOOSE = 0.6, 1.5  # rms displacement and strain of ``align`` beyond which two crystals cannot fit
Predictions = list[list[Crystal]]  # of each composition, best first
Maker = Callable[[Sequence[Crystal], int], Predictions]  # from compositions and how many of each


def volume(crystal: Crystal) -> float:
    """Give the cell's volume in cubic angstrom."""
    return float(abs(np.linalg.det(crystal.lattice)))


def is_hard(truth: Crystal, library: TemplateLibrary) -> bool:
    """Say whether no template fits, with any exchange of elements, at the true volume."""
    items = content(truth)
    key = tuple(count for _, count in items)
    if key not in library.by_content:
        return True
    wanted = np.array([number for number, _ in items])
    matcher, structure = StructureMatcher(), to_structure(truth)
    lattice, points = niggli(truth.lattice, truth.frac_coords)
    indices, numbers = library.by_content[key]
    for index, row in zip(indices, numbers, strict=True):
        template = library.crystals[index]
        frame, places = niggli(template.lattice, template.frac_coords)
        for order in equal_orders(key):
            exchanged = dict(zip(row.tolist(), wanted[order].tolist(), strict=True))
            species = np.array([exchanged[number] for number in template.atomic_numbers.tolist()])
            near = align(truth.atomic_numbers, lattice, points, frame, places, species)
            if near.distance > LOOSE[0] or near.strain > LOOSE[1]:
                continue
            scaled = frame * (volume(truth) / volume(template)) ** (1 / 3)
            if matcher.fit(to_structure(Crystal("", species, places, scaled)), structure):
                return False
    return True


def from_templates(truths: Sequence[Crystal], library: TemplateLibrary, samples: int) -> Predictions:
    """Exchange the elements of the likest templates; equivalent ones are not looked for."""
    rows = []
    for truth in truths:
        found = library.assignments(Counter(truth.atomic_numbers.tolist()))[:samples]
        rows.append([substitute(library.crystals[one.index], one.elements) for one in found])
    return rows


def distinct_templates(truth: Crystal, library: TemplateLibrary, most: int) -> list[Crystal]:
    """Exchange the elements of the likest templates that give crystals of different kinds."""
    found = candidates(library, Counter(truth.atomic_numbers.tolist()), most)
    return [one.crystal for one in found]


def from_model(
    model: CrystalModel,
    truths: Sequence[Crystal],
    samples: int,
    seed: int,
    library: TemplateLibrary | None = None,
    noise: float | None = None,
    work: Path | None = None,
) -> Predictions:
    """Draw from the model: alone, with templates, or from templates noised to a time; kept in ``work``."""
    formulas = tuple(dict(Counter(truth.atomic_numbers.tolist())) for truth in truths)
    find = None if library is None else find_in(library)
    count, request = samples * len(truths), Request(formulas, noise=noise)
    folder = None if work is None else work / f"draws-{len(truths)}-{samples}-{seed}"
    drawn = generate(model, request, count, seed, 64, work=folder, find=find)
    return [drawn[index :: len(truths)] for index in range(len(truths))]


def judge(truths: Sequence[Crystal], predictions: Predictions) -> list[list[float | None]]:
    """Give the distance of each prediction, None where it does not match."""
    matcher = StructureMatcher(**TOLERANCES)
    return [
        [match_distance(to_structure(one), to_structure(truth), matcher) for one in row]
        for truth, row in zip(truths, predictions, strict=True)
    ]


def rate(distances: Sequence[Sequence[float | None]], most: int) -> str:
    """Say which share matches with the best of ``most`` predictions, and how closely."""
    best = [min((d for d in row[:most] if d is not None), default=None) for row in distances]
    hits = np.array([value for value in best if value is not None])
    low, high = bootstrap_interval(np.array([value is not None for value in best], float))
    rmse = f"{hits.mean():.3f}" if len(hits) else "-"
    return f"{len(hits)}/{len(best)} = {len(hits) / len(best):.1%} ({low:.1%}-{high:.1%}), {rmse}"


def ranked(pools: Predictions, output: Path, first: int, further: int, best: int) -> tuple[Predictions, int]:
    """Relax every candidate for ``first`` steps and the ``best`` of each composition for ``further`` more.

    Returns those of each composition by energy per atom, those relaxed further before the others, and how
    many fell out.
    """
    calculations = Calculations(find_potential("sevennet-0"), Cache(output / "energies"), RelaxSettings(), 0)
    pairs = [(row, one) for row, pool in enumerate(pools) for one in pool]
    once = relaxed(pairs, calculations, first)
    lowest: dict[int, list[tuple[float, Crystal]]] = {}
    for row, energy, crystal in sorted(once, key=lambda found: found[:2]):
        lowest.setdefault(row, []).append((energy, crystal))
    again = [(row, one) for row, found in lowest.items() for _, one in found[:best]]
    twice = sorted(relaxed(again, calculations, further), key=lambda found: found[:2])
    ordered: Predictions = [[] for _ in pools]
    for row, _, crystal in twice:
        ordered[row].append(crystal)
    for row, found in lowest.items():
        ordered[row] += [one for _, one in found[best:]]
    return ordered, sum(map(len, pools)) - sum(map(len, ordered))


def relaxed(
    crystals: Sequence[tuple[int, Crystal]], calculations: Calculations, steps: int
) -> list[tuple[int, float, Crystal]]:
    """Give the row, the energy per atom and the crystal after some steps of each that keeps whole."""
    settings = RelaxSettings(max_steps=steps)
    calculations = replace(calculations, settings=settings)
    jobs = {}
    for place, (row, crystal) in enumerate(crystals):
        atoms = to_atoms(to_structure(crystal))
        if geometry_fault(atoms, settings) is None:
            jobs[Job("relax", f"{row} {place}")] = atoms
    found = []
    for job, result in calculations.run(jobs).items():
        if result["outcome"] in ("converged", "not_converged"):
            cell = np.array(result["cell"])
            frac = np.array(result["positions"]) @ np.linalg.inv(cell)
            numbers = np.array(jobs[job].numbers)
            row = int(job.name.split()[0])
            found.append((row, result["energy"] / len(numbers), Crystal("", numbers, frac, cell)))
    return found


def kept(path: Path, compute: Callable[[], object]) -> dict:
    """Return what a file holds; it is computed and written where there is none."""
    if not path.exists():
        begun = time.process_time()
        value = compute()
        write_json(path, {"value": value, "cpu_s": time.process_time() - begun})
    return json.loads(path.read_text())


def main() -> None:
    """Fill and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoint", help="default: the shipped weights")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--number", type=int, default=200, help="compositions")
    parser.add_argument("--samples", type=int, default=20)
    parser.add_argument("--noise", type=float, nargs="*", default=[0.3], help="times of noised templates")
    parser.add_argument("--energies", type=int, default=0, help="compositions to rank by energy")
    parser.add_argument("--atoms", type=int, default=20, help="most atoms of a composition to rank")
    parser.add_argument("--pool", type=int, default=8, help="candidates of each that are ranked")
    parser.add_argument(
        "--steps",
        type=int,
        nargs=3,
        default=[12, 40, 3],
        help="of all; of the best; how many those are",
    )
    parser.add_argument("--rows", nargs="*", help="only these rows")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [one for one in read_csv(options.data / "mp_20_val.csv.gz") if isinstance(one, Crystal)]
    every = [one for one in rows if fault(one) is None]
    chosen = np.random.default_rng(options.seed).choice(len(every), options.number, replace=False)
    truths = [every[index] for index in chosen]
    library = shipped_templates(PARTS)
    model = cache(lambda: load_model(checkpoint_of("crystals", options.checkpoint), torch.device("cpu")))
    output, seed = options.output, options.seed

    makers: dict[str, Maker] = {
        "template": lambda some, most: from_templates(some, library, most),
        "diffusion": lambda some, most: from_model(model(), some, most, seed, work=output),
        "diffusion, likeliest first": lambda some, most: [
            likeliest_first(model(), row) for row in from_model(model(), some, most, seed, work=output)
        ],
        "diffusion, template": lambda some, most: from_model(model(), some, most, seed, library),
    }
    for noise in options.noise:
        makers[f"diffusion, template noised to {noise}"] = lambda some, most, noise=noise: from_model(
            model(), some, most, seed, library, noise
        )
    if options.energies:
        small = [one for one in truths if len(one.atomic_numbers) <= options.atoms]
        small = small[: options.energies]

        def mixed(some: Sequence[Crystal], most: int) -> Predictions:
            alone = makers["diffusion, likeliest first"](some, options.samples)
            kinds = [distinct_templates(one, library, most - LIKELIEST) for one in some]
            return [[*first, *drawn[:LIKELIEST]] for first, drawn in zip(kinds, alone, strict=True)]

        for name, make in {**makers, "distinct templates and likeliest diffusion": mixed}.items():
            if name in (options.rows or [name]):
                energy_row(name, make, small, options)
        return
    hard = kept(output / "hard.json", lambda: [is_hard(one, library) for one in truths])["value"]
    sizes = [len(truth.atomic_numbers) for truth, one in zip(truths, hard, strict=True) if one]
    print(f"{sum(hard)} of {len(truths)} are hard, {np.mean(sizes):.1f} atoms in the mean")
    for name, make in makers.items():
        if name in (options.rows or [name]):
            plain_row(name, make, truths, hard, options)


def plain_row(
    name: str, make: Maker, truths: Sequence[Crystal], hard: Sequence[bool], options: argparse.Namespace
) -> None:
    """Print what a source predicts as it is."""

    def compute() -> dict:
        made = make(truths, options.samples)
        pairs = list(zip(truths, made, strict=True))
        ratios = [[volume(one) / volume(truth) for one in row] for truth, row in pairs]
        return {"distances": judge(truths, made), "volumes": ratios}

    found = kept(options.output / f"{name}.json", compute)
    distances = found["value"]["distances"]
    of_hard = [row for row, one in zip(distances, hard, strict=True) if one]
    ratio = np.percentile([row[0] for row in found["value"]["volumes"] if row], [10, 25, 50, 75, 90])
    many = options.samples
    print(
        f"{name}: one {rate(distances, 1)}; {many}: {rate(distances, many)}; hard: {rate(of_hard, many)}; "
        f"V/V_true {np.round(ratio, 3).tolist()}; {found['cpu_s']:.0f} CPU-s",
        flush=True,
    )


def energy_row(name: str, make: Maker, truths: Sequence[Crystal], options: argparse.Namespace) -> None:
    """Print what a source predicts first, and what it predicts ranked by energy."""

    def compute() -> dict:
        pools = [pool[: options.pool] for pool in make(truths, options.pool)]
        lowest, lost = ranked(pools, options.output, *options.steps)
        return {"as made": judge(truths, pools), "by energy": judge(truths, lowest), "lost": lost}

    found = kept(options.output / f"energy of {name}, {len(truths)}.json", compute)
    made, lowest, lost = found["value"].values()
    many = options.pool
    print(
        f"{name}: first as made {rate(made, 1)}; lowest energy {rate(lowest, 1)}; any of {many} relaxed "
        f"{rate(lowest, many)}; {lost} fell out; {found['cpu_s']:.0f} CPU-s",
        flush=True,
    )


if __name__ == "__main__":
    main()
