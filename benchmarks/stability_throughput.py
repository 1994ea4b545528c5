"""Relaxations a minute: the stage with two workers beside a plain ASE loop in one process with one thread.

    OMP_NUM_THREADS=1 python benchmarks/stability_throughput.py --structures generated.extxyz --output
    rate.json

Both load the model once before the clock starts to matter: loading is timed apart. Run it on an idle machine.
"""

import argparse
import tempfile
import time
from pathlib import Path

from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from groundstate.files import write_json
from groundstate.metrics.crystal_files import read_structures
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import calculate_all
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.interface import find_potential
from groundstate.potentials.phases import to_atoms
from groundstate.potentials.settings import RelaxSettings


def main() -> None:
    """Time the loop, then the stage, on the same crystals."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--structures", type=Path, required=True)
    parser.add_argument("--potential", default="sevennet-0")
    parser.add_argument("--number", type=int, default=10)
    parser.add_argument("--max-atoms", type=int, default=8)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    settings = RelaxSettings(max_steps=100)
    atoms = {n: to_atoms(s) for n, s in read_structures(options.structures)[0] if len(s) <= options.max_atoms}
    chosen = {n: a for n, a in atoms.items() if geometry_fault(a, settings) is None}
    chosen = dict(list(chosen.items())[: options.number])
    potential = find_potential(options.potential)
    start = time.perf_counter()
    calculator = potential.calculator
    loading = time.perf_counter() - start
    start, cpu = time.perf_counter(), time.process_time()
    for crystal in chosen.values():
        copy = crystal.copy()
        copy.calc = calculator
        FIRE(FrechetCellFilter(copy), logfile=None).run(fmax=settings.fmax, steps=settings.max_steps)
    loop, loop_cpu = time.perf_counter() - start, time.process_time() - cpu
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        jobs = {("relax", name): crystal for name, crystal in chosen.items()}
        calculate_all(jobs, potential, settings, Cache(folder), options.workers, "stage")
    stage = time.perf_counter() - start
    row = {
        "crystals": len(chosen),
        "loading_seconds": loading,
        "loop_seconds": loop,
        "loop_cpu_seconds": loop_cpu,
        "stage_seconds": stage,
        "ratio_with_loading": (loop + loading) / stage,
        "ratio_without_loading": loop / max(stage - loading, 1e-9),
        "workers": options.workers,
    }
    print(row)
    write_json(options.output, row)


if __name__ == "__main__":
    main()
