"""Relaxations with two workers beside a plain ASE loop in one process with one thread, on the same crystals.

    OMP_NUM_THREADS=1 python benchmarks/stability_throughput.py --structures generated.extxyz --output
    rate.json

The loop is what the documentation of the potential's package shows: its own calculator, FIRE in the Frechet
cell filter. Loading counts on both sides. On a machine with other work only the CPU times say something:
``ratio_cpu`` is the ratio of the times that idle cores would take if the workers' shares were equal.
"""

import argparse
import os
import resource
import tempfile
import time
from pathlib import Path

import numpy as np
import torch
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE
from sevenn.calculator import SevenNetCalculator

from groundstate.crystals.structures import read_structures
from groundstate.files import write_json
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings


def child_cpu() -> float:
    """CPU seconds of the worker processes that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    """Time the loop, then the stage, on the same crystals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--number", type=int, default=20)
    parser.add_argument("--max-atoms", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    torch.set_num_threads(1)
    settings = RelaxSettings()
    atoms = {n: to_atoms(s) for n, s in read_structures(options.structures)[0] if len(s) <= options.max_atoms}
    chosen = {n: a for n, a in atoms.items() if geometry_fault(a, settings) is None}
    chosen = dict(list(chosen.items())[: options.number])
    load = os.getloadavg()[0]

    start, cpu = time.perf_counter(), time.process_time()
    calculator = SevenNetCalculator("7net-0", device="cpu")
    energies, steps = {}, 0
    for name, crystal in chosen.items():
        copy = crystal.copy()
        copy.calc = calculator
        optimizer = FIRE(FrechetCellFilter(copy), logfile=None)
        optimizer.run(fmax=settings.fmax, steps=settings.max_steps)
        energies[name] = copy.get_potential_energy()
        steps += optimizer.get_number_of_steps()
    loop, loop_cpu = time.perf_counter() - start, time.process_time() - cpu

    start, cpu = time.perf_counter(), child_cpu()
    with tempfile.TemporaryDirectory() as folder:
        jobs = {Job("relax", name): crystal for name, crystal in chosen.items()}
        potential = find_potential("sevennet-0")
        found = Calculations(potential, Cache(folder), settings, options.workers).run(jobs, "stage")
    stage, stage_cpu = time.perf_counter() - start, child_cpu() - cpu
    differences = [abs(found[Job("relax", n)]["energy"] - e) / len(chosen[n]) for n, e in energies.items()]
    row = {
        "crystals": len(chosen),
        "atoms": sum(map(len, chosen.values())),
        "loop_steps": steps,
        "stage_steps": sum(result["steps"] for result in found.values()),
        "median_energy_difference_per_atom": float(np.median(differences)),
        "loop_seconds": loop,
        "loop_cpu_seconds": loop_cpu,
        "stage_seconds": stage,
        "stage_cpu_seconds": stage_cpu,
        "ratio_wall": loop / stage,
        "ratio_cpu": loop_cpu * options.workers / stage_cpu,
        "workers": options.workers,
        "load": [load, os.getloadavg()[0]],
    }
    print(row)
    write_json(options.output, row)


if __name__ == "__main__":
    main()
