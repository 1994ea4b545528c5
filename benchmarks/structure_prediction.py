"""Structure prediction on MP-20: templates, diffusion, diffusion from templates (energies: another script).

    python benchmarks/structure_prediction.py --data FOLDER --output O [--checkpoint C]

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
from groundstate.crystals.templates.substitute import substitute
from groundstate.files import write_json
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.crystals.match import TOLERANCES, match_distance

PARTS = ("mp-20 train", "mpts-52")
LOOSE = 0.6, 1.5  # rms displacement and strain of ``align`` beyond which two crystals cannot fit
Predictions = list[list[Crystal]]  # of each composition, best first
Maker = Callable[[Sequence[Crystal], int], Predictions]  # from compositions and how many of each


def every_validation_crystal(data: Path) -> list[Crystal]:
    """Read the validation file."""
    rows = [one for one in read_csv(data / "mp_20_val.csv.gz") if isinstance(one, Crystal)]
    return [one for one in rows if fault(one) is None]


def validation_crystals(data: Path, number: int, seed: int) -> list[Crystal]:
    """Draw crystals of the validation file."""
    every = every_validation_crystal(data)
    return [every[index] for index in np.random.default_rng(seed).choice(len(every), number, replace=False)]


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
    parser.add_argument("--rows", nargs="*", help="only these rows")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    truths = validation_crystals(options.data, options.number, options.seed)
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


if __name__ == "__main__":
    main()
