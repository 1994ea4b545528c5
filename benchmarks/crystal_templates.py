"""Template substitution on MP-20: makes the shipped file of templates, and measures how often they match.

    python benchmarks/crystal_templates.py make --data FOLDER
    python benchmarks/crystal_templates.py match --data FOLDER [--number 200]

FOLDER holds mp_20_train_part11249.csv.gz, mp_20_val.csv.gz, mpts_52_train_part.csv.gz, mp_20_test_ids.txt.gz.
"""

import argparse
import csv
import gzip
import time
from collections import Counter
from pathlib import Path

import numpy as np
from pymatgen.analysis.structure_matcher import StructureMatcher
from scipy.optimize import nnls

from groundstate.crystals.crystal import MAX_NUMBER, Crystal, chemical_symbols, fault
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates import shipped
from groundstate.crystals.templates.elements import is_salt
from groundstate.crystals.templates.substitute import candidates
from groundstate.metrics.crystals.match import TOLERANCES, match_distance

FILES = {
    "mp-20 train": "mp_20_train_part11249.csv.gz",
    "mp-20 validation": "mp_20_val.csv.gz",
    "mpts-52": "mpts_52_train_part.csv.gz",
}
RIDGE = 3e-3
HOME = Path(shipped.__file__).parent / "data"


def read(path: Path) -> list[Crystal]:
    return [one for one in read_csv(path) if isinstance(one, Crystal) and fault(one) is None]


def make(folder: Path) -> None:
    """Write templates.parquet of the package."""
    hidden = set(gzip.decompress((folder / "mp_20_test_ids.txt.gz").read_bytes()).decode().split())
    crystals: dict[str, Crystal] = {}
    part_of: dict[str, str] = {}
    for part, name in FILES.items():
        for crystal in read(folder / name):
            if crystal.id not in hidden and crystal.id not in crystals:
                crystals[crystal.id], part_of[crystal.id] = crystal, part
    shipped.write_templates(HOME / "templates.parquet", list(crystals.values()), list(part_of.values()))
    print(Counter(part_of.values()), f"{(HOME / 'templates.parquet').stat().st_size / 1e6:.2f} MB")
    make_volumes()


def make_volumes() -> None:
    """Write atomic_volumes.csv of the package, from its templates."""
    fitted = shipped.shipped_templates(("mp-20 train", "mpts-52")).crystals
    atoms = np.zeros((len(fitted), MAX_NUMBER + 1))
    for row, crystal in enumerate(fitted):
        np.add.at(atoms[row], crystal.atomic_numbers, 1)
    volumes = np.array([abs(np.linalg.det(crystal.lattice)) for crystal in fitted])
    relative = atoms / volumes[:, None]
    common, _ = nnls(relative, np.ones(len(fitted)))
    salts = np.array([is_salt(crystal.atomic_numbers) for crystal in fitted])
    columns = []
    for chosen in (~salts, salts):  # drawn to the fit of all where an element is rare
        rows = np.vstack([relative[chosen], RIDGE * np.eye(MAX_NUMBER + 1)])
        columns.append(nnls(rows, np.concatenate([np.ones(chosen.sum()), RIDGE * common]))[0])
    with (HOME / "atomic_volumes.csv").open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(["element", "alloy", "salt"])
        for z in np.flatnonzero(common):
            writer.writerow([chemical_symbols[z], *(f"{column[z]:.3f}" for column in columns)])


def match(folder: Path, number: int, most: int, seed: int) -> None:
    """Match rate and RMSE of one, five and twenty templates on validation compositions."""
    library = shipped.shipped_templates(("mp-20 train",))
    truths = read(folder / FILES["mp-20 validation"])
    chosen = np.random.default_rng(seed).choice(len(truths), number, replace=False)
    matcher = StructureMatcher(**TOLERANCES)
    start, rows = time.process_time(), []
    for truth in (truths[index] for index in chosen):
        found = candidates(library, Counter(truth.atomic_numbers.tolist()), most)
        structure = to_structure(truth)
        rows.append([match_distance(to_structure(one.crystal), structure, matcher) for one in found])
    for samples in (1, 5, most):
        best = [min((d for d in row[:samples] if d is not None), default=None) for row in rows]
        hits = [d for d in best if d is not None]
        rate = len(hits) / number
        error = 1.96 * np.sqrt(rate * (1 - rate) / number)
        print(f"{samples} candidates: {100 * rate:.1f} +- {100 * error:.1f} %, RMSE {np.mean(hits):.3f}")
    none = sum(not row for row in rows)
    print(f"{none} of {number} without a template; {time.process_time() - start:.0f} CPU-seconds in all")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("what", choices=["make", "match"])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--number", type=int, default=200)
    parser.add_argument("--most", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.what == "make":
        make(options.data)
    else:
        match(options.data, options.number, options.most, options.seed)
