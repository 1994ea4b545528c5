"""Molecules that the shipped weights may have learned: no score of theirs is to be over one of these.

``molecules.learned.bin`` holds a hash of the standard InChI of each, 64 bits, little endian; written by
``benchmarks/shipped_learned.py``. It has more molecules than were learned, for it holds the files that those
were drawn from; the test molecules of ``config/qm9_benchmark.yaml`` were left out of the training.
"""

from pathlib import Path

import numpy as np

from groundstate.seeds import derive_seed

LEARNED = Path(__file__).with_name("molecules.learned.bin")
REASON = "of the test part, and the shipped weights, which are among the models, may have learned it"


def inchi_hash(inchi: str) -> int:
    """Give the number that stands for a molecule: equal for equal standard InChIs."""
    return derive_seed("inchi", inchi)


def learned_molecules() -> np.ndarray:
    """Read the hashes of all molecules that may have been learned, sorted, (n,) of 64-bit integers."""
    return np.fromfile(LEARNED, "<u8")


def write_learned(inchis: set[str], path: Path = LEARNED) -> None:
    """Write the hashes of InChIs."""
    np.sort(np.array([inchi_hash(inchi) for inchi in inchis], "<u8")).tofile(path)
