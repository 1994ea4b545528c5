"""CPU time and memory of a score of thousands of crystals, beside what the potential costs.

    python benchmarks/score_rate.py validity mp_20_val.csv.gz --number 5000
    python benchmarks/score_rate.py stability mp_20_val.csv.gz --number 1000 --profile

`stability` has a potential without forces that gives every crystal -0.5 eV per atom: what is left is reading,
guards, hulls, uniqueness, novelty against the very same crystals, rates and files.
"""

import argparse
import cProfile
import csv
import pstats
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
from ase.calculators.calculator import Calculator

from groundstate.metrics.crystals.score_validity import score_validity_files
from groundstate.potentials.cache import Cache
from groundstate.potentials.corrections import mp_element_energies
from groundstate.potentials.interface import MP_CORRECTED
from groundstate.stability.evaluation import evaluate_stability
from groundstate.stability.output.write import write_evaluation
from groundstate.stability.settings import ScoreStability
from groundstate.text import open_text

FORMATION_ENERGY = -0.5  # eV per atom, of every crystal


class Flat(Calculator):
    """A potential that costs nothing."""

    implemented_properties = ("energy", "forces", "stress")

    def calculate(self, atoms=None, properties=(), system_changes=()):
        """The elements' energies and the same formation energy for every atom; no force."""
        elements = mp_element_energies()
        energy = sum(elements[symbol] + FORMATION_ENERGY for symbol in atoms.symbols)
        self.results = {"energy": energy, "forces": np.zeros((len(atoms), 3)), "stress": np.zeros(6)}


def first_rows(path: Path, number: int, target: Path) -> None:
    """Write the first rows of a CSV of crystals."""
    with open_text(path, newline="") as source, target.open("w", newline="") as stream:
        writer = csv.writer(stream)
        for index, row in enumerate(csv.reader(source)):
            if index > number:
                break
            writer.writerow(row)


def stability(path: Path, folder: Path) -> str:
    """Score with the flat potential."""
    settings = ScoreStability(potential="__main__:Flat", potential_scheme=MP_CORRECTED, workers=0)
    found = evaluate_stability(path, [], settings, Cache(folder / "cache"), 0, [path])
    write_evaluation(folder, found)
    return f"{found.summary['scored']} scored, {found.summary['classes']}"


def validity(path: Path, folder: Path) -> str:
    """Score the validity."""
    found = score_validity_files(path, folder)
    return f"{found['n']} crystals, {found['failed']} not read, valid {100 * found['valid']:.1f} %"


def main() -> None:
    """Score the first rows of a file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("score", choices=("validity", "stability"))
    parser.add_argument("crystals", type=Path)
    parser.add_argument("--number", type=int, default=5000)
    parser.add_argument("--profile", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        first_rows(options.crystals, options.number, folder / "crystals.csv")
        profile = cProfile.Profile(time.process_time)
        start = time.process_time()
        score = {"validity": validity, "stability": stability}[options.score]
        if options.profile:
            about = profile.runcall(score, folder / "crystals.csv", folder / "out")
        else:
            about = score(folder / "crystals.csv", folder / "out")
        seconds = time.process_time() - start
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{options.score}: {about}; {seconds:.1f} CPU-seconds, {memory:.0f} MiB at most")
    if options.profile:
        pstats.Stats(profile).sort_stats("cumulative").print_stats("groundstate|scipy|pymatgen", 45)


if __name__ == "__main__":
    main()
