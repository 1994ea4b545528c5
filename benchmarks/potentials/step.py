"""Time and memory of one training step on 3BPA: Gaunt products beside their Clebsch-Gordan twin.

python benchmarks/potentials/step.py --data FOLDER [--runs 9]

One thread, float32, 32 channels, nu = 3, two layers, five molecules of 27 atoms, cutoff 5 angstrom; a step is
energies, forces, their loss and its gradient. Sides alternate; the ratio is the median over the runs. Memory
is the growth of the resident set in one step, each side in a process of its own.
"""

import argparse
import gzip
import multiprocessing
import sys
from pathlib import Path

import torch
from ase.io import read

sys.path.insert(0, str(Path(__file__).parents[1] / "gaunt"))
from measure import peak_megabytes, race, ratio

from groundstate.interatomic.graph import atom_graph, collate
from groundstate.interatomic.network import GauntPotential
from groundstate.interatomic.settings import PotentialNetwork, TrainPotential
from groundstate.interatomic.train import potential_loss

ELEMENTS = [1, 6, 7, 8]
SIDES = ("gaunt", "clebsch-gordan")


def make_step(data: Path, product: str, lmax: int, hidden: int):
    """Return the loss of a batch as a function, and its inputs: the weights."""
    settings = PotentialNetwork(product=product, lmax=lmax, hidden_lmax=hidden)
    with gzip.open(data / "dataset_3BPA_train_300K.xyz.gz", "rt") as text:
        frames = read(text, index=":5", format="extxyz")
    graphs = []
    for atoms in frames:
        energy, forces = atoms.get_potential_energy(), atoms.get_forces()
        atoms.pbc = False
        graphs.append(atom_graph(atoms, settings.cutoff, energy, forces))
    batch = collate(graphs, ELEMENTS, torch.float32)
    torch.manual_seed(0)
    energies = [-13.587, -1029.489, -1484.981, -2041.840]
    network = GauntPotential(settings, ELEMENTS, energies, 17.0, 1.0, -5.0)
    weights = list(network.parameters())

    def step(*_: torch.Tensor) -> torch.Tensor:
        return potential_loss(network, batch, TrainPotential())[0]

    return step, weights


def memory(data: Path, product: str, lmax: int, hidden: int) -> float:
    torch.set_num_threads(1)
    return peak_megabytes(*make_step(data, product, lmax, hidden))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=9)
    options = parser.parse_args()
    torch.set_num_threads(1)
    print("| lmax, hidden | parameters | ms, Gaunt | ms, CG | ratio | MB, Gaunt | MB, CG | ratio |")
    print("|---|---|---|---|---|---|---|---|")
    for lmax, hidden in ((2, 1), (3, 1), (3, 2)):
        sides = {side: make_step(options.data, side, lmax, hidden) for side in SIDES}
        times = race(sides, options.runs)
        with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
            megabytes = [pool.apply(memory, (options.data, side, lmax, hidden)) for side in SIDES]
        counts = [sum(weight.numel() for weight in sides[side][1]) for side in SIDES]
        middle = [sorted(times[side])[options.runs // 2] for side in SIDES]
        print(
            f"| {lmax}, {hidden} | {counts[0]} / {counts[1]} | {middle[0]:.1f} | {middle[1]:.1f} | "
            f"{ratio(times, 'clebsch-gordan', 'gaunt'):.1f} | {megabytes[0]:.0f} | {megabytes[1]:.0f} | "
            f"{megabytes[1] / max(megabytes[0], 1e-9):.1f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
