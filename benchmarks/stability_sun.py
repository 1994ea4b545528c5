"""CPU time of uniqueness and novelty as the number of crystals grows.

    python benchmarks/stability_sun.py --crystals mp_20_train.csv.gz --output sun.json

The set is the worst that a good generator gives: known crystals drawn with replacement and displaced by 0.05
angstrom, so that every crystal has candidates to be compared with.
"""

import argparse
import time
from pathlib import Path

import numpy as np

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.structures import to_structure
from groundstate.files import write_json
from groundstate.metrics.crystals.sun import are_novel, are_unique


def main() -> None:
    """Time growing prefixes of one set."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--numbers", type=int, nargs="+", default=[1000, 2000, 5000, 10000])
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    known = [to_structure(crystal) for crystal in read_csv(options.crystals) if isinstance(crystal, Crystal)]
    drawn = np.random.default_rng(0).integers(len(known), size=max(options.numbers))
    crystals = []
    for index, which in enumerate(drawn):
        crystals.append(known[which].copy())
        crystals[-1].perturb(0.05, seed=index)
    rows, novel, novelty_seconds = [], [], 0.0
    for number in sorted(options.numbers):
        start = time.process_time()
        unique = are_unique(crystals[:number])
        middle = time.process_time()
        novel += are_novel(crystals[len(novel) : number], known)  # each by itself: the earlier ones stand
        end = time.process_time()
        novelty_seconds += end - middle
        row = {
            "crystals": number,
            "unique": float(np.mean(unique)),
            "drawn_unique": len(set(drawn[:number].tolist())) / number,
            "novel": float(np.mean(novel)),
            "uniqueness_cpu_seconds": middle - start,
            "novelty_cpu_seconds": novelty_seconds,
            "known": len(known),
        }
        rows.append(row)
        print(row, flush=True)
        write_json(options.output, rows)


if __name__ == "__main__":
    main()
