"""Time of energies and forces of one 3BPA molecule: eager, by torch.compile, exported, packaged.

python benchmarks/potentials/exported.py --data FOLDER [--runs 30]

One thread, float32, the network of `train potential` (32 channels, lmax 3, nu = 3, two layers), 27 atoms,
cutoff 5 angstrom; random weights. Sides alternate; the time is the median over the runs.
"""

import argparse
import gzip
import tempfile
import time
from pathlib import Path

import torch
from ase.io import read

from groundstate.interatomic.density import by_torch
from groundstate.interatomic.export import exported_program
from groundstate.interatomic.graph import atom_graph, collate
from groundstate.interatomic.network import GauntPotential
from groundstate.interatomic.settings import PotentialNetwork

ELEMENTS = [1, 6, 7, 8]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    settings = PotentialNetwork()
    network = GauntPotential(settings, ELEMENTS, [-13.6, -1029.5, -1485.0, -2041.8], 17.0, 1.0, -5.0)
    network = network.eval().requires_grad_(False)
    with gzip.open(options.data / "dataset_3BPA_train_300K.xyz.gz", "rt") as text:
        atoms = read(text, index=0, format="extxyz")
    atoms.pbc = False
    batch = collate([atom_graph(atoms, settings.cutoff)], ELEMENTS, torch.float32)
    vectors = batch.positions[batch.sources] - batch.positions[batch.targets]
    given = (vectors, batch.species, batch.sources, batch.targets)
    seconds = {}

    def timed(name, make):
        begun = time.process_time()
        result = make()
        seconds[name] = time.process_time() - begun
        return result

    program = timed("export", lambda: exported_program(network))
    module = program.module()
    compiled = torch.compile(module, dynamic=True)
    timed("torch.compile", lambda: compiled(*given))
    path = str(Path(tempfile.mkdtemp()) / "potential.pt2")
    timed("package", lambda: torch._inductor.aoti_compile_and_package(program, package_path=path))
    package = torch._inductor.aoti_load_package(path)
    expected = network(batch).forces
    for run in (module, compiled, package):
        torch.testing.assert_close(run(*given)[1], expected, atol=1e-4, rtol=1e-4)

    def without_kernel():
        with by_torch():
            return network(batch)

    sides = {
        "eager, kernel in C": lambda: network(batch),
        "eager, torch alone": without_kernel,
        "exported program": lambda: module(*given),
        "torch.compile": lambda: compiled(*given),
        "AOTInductor package": lambda: package(*given),
    }
    times = {name: [] for name in sides}
    for run in range(options.runs + 3):
        for name, side in sides.items():
            begun = time.process_time()
            side()
            if run >= 3:
                times[name].append(time.process_time() - begun)
    print(f"CPU seconds to make: {', '.join(f'{name} {value:.0f}' for name, value in seconds.items())}")
    for name, values in times.items():
        print(f"{name}: {1e3 * sorted(values)[len(values) // 2]:.2f} ms of CPU")


if __name__ == "__main__":
    main()
