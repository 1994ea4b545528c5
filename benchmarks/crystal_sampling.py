"""Crystals a CPU second of ``unimat-compact`` by atoms in the cell, one thread, untrained weights.

python benchmarks/crystal_sampling.py [STEPS]
"""

import sys
import time

import numpy as np
import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.base import Request
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.settings import TrainCrystals

SIZES, SAMPLES, REPEATS = (5, 10, 20, 40), 64, 3


def main() -> None:
    """One row a size: samples a CPU second and CPU milliseconds an atom, best of three."""
    torch.set_num_threads(1)
    steps = int(sys.argv[1]) if len(sys.argv) > 1 else 25
    numbers = np.repeat([8, 14, 22, 38, 56], SIZES[-1] // 5)
    frac = np.random.default_rng(0).random((len(numbers), 3))
    crystal = Crystal("", numbers, frac, np.eye(3) * 9.0)
    model = (
        CompactModel.build("unimat-compact", [crystal, crystal], TrainCrystals()).eval().requires_grad_(False)
    )
    for size in SIZES:
        request = Request(formulas=(dict.fromkeys((8, 14, 22, 38, 56), size // 5),))
        seconds = []
        for seed in range(REPEATS):
            begun = time.process_time()
            generate(model, request, SAMPLES, seed, SAMPLES, steps)
            seconds.append(time.process_time() - begun)
        rate = SAMPLES / min(seconds)
        print(f"{size:3d} atoms: {rate:6.1f} crystals/CPU-s, {1000 / rate / size:5.2f} CPU-ms an atom")


if __name__ == "__main__":
    main()
