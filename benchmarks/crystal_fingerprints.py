"""CPU time of CrystalNN fingerprints, ours beside matminer's, and how far apart the two are.

    python benchmarks/crystal_fingerprints.py --crystals perov_5_val.csv.gz --number 100 --output prints.json

With ``--cache FOLDER --workers N`` all crystals of the file are then computed into that folder, and timed.
"""

import argparse
import time
import warnings
from pathlib import Path

import numpy as np
from matminer.featurizers.site.fingerprint import CrystalNNFingerprint
from pymatgen.core import Structure

from groundstate.crystals.structures import read_structures
from groundstate.files import write_json
from groundstate.metrics.crystals.fingerprints.cached import fingerprints
from groundstate.metrics.crystals.fingerprints.crystal_nn import structure_fingerprint

MATMINER = CrystalNNFingerprint.from_preset("ops")


def matminers(structure: Structure) -> np.ndarray:
    """The mean site fingerprint, as CDVAE takes it."""
    return np.mean([MATMINER.featurize(structure, site) for site in range(len(structure))], axis=0)


def timed(function, structures: list[Structure]) -> tuple[list[np.ndarray], float]:
    """Results, and CPU milliseconds a crystal."""
    function(structures[0])
    start = time.process_time()
    found = [function(structure) for structure in structures]
    return found, (time.process_time() - start) / len(structures) * 1e3


def main() -> None:
    """Compare on an even choice of crystals, then time the whole file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--crystals", type=Path, required=True)
    parser.add_argument("--number", type=int, default=100)
    parser.add_argument("--cache", type=Path)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    warnings.simplefilter("ignore")
    crystals = [structure for _, structure in read_structures(options.crystals)[0]]
    chosen = crystals[:: max(1, len(crystals) // options.number)][: options.number]
    ours, our_time = timed(structure_fingerprint, chosen)
    theirs, their_time = timed(matminers, chosen)
    row = {
        "crystals": len(chosen),
        "sites": sum(map(len, chosen)),
        "cpu_ms_a_crystal": our_time,
        "matminer_cpu_ms_a_crystal": their_time,
        "largest_difference": float(np.abs(np.array(ours) - theirs).max()),
    }
    print(row, flush=True)
    if options.cache:
        start, cpu = time.monotonic(), time.process_time()
        found = fingerprints(crystals, options.cache, options.workers)
        row |= {
            "whole_file": len(crystals),
            "without": int((~found.exist).sum()),
            "workers": options.workers,
            "wall_seconds": time.monotonic() - start,
            "cpu_seconds_of_this_process": time.process_time() - cpu,
        }
        print(row, flush=True)
    write_json(options.output, row)


if __name__ == "__main__":
    main()
