"""A training step of the geometry refiner with its tensor products by the coupling table and by the library.

    python benchmarks/gaunt/refiner.py [--runs 9] [--lmax 2]

The same weights and the same 14 molecules, forward and backward, process CPU time, one thread; ratios are
medians over alternating runs.
"""

import argparse
import copy
import statistics

import torch
from measure import race, ratio
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.gaunt import GauntTensorProduct
from groundstate.gaunt.kernels import library
from groundstate.molecules.models.gaunt.refiner import Refiner
from groundstate.molecules.models.graphs.graph import ATOM_FEATURES, collate, graph_of
from groundstate.molecules.models.settings import Gaunt

ELEMENTS = [1, 6, 7, 8, 9]
SMILES = ("CC(C)CC=O", "c1ccoc1C", "N#CC1CC1O", "CC(=O)OCC", "C1CC2CC1O2", "CC1CCCO1", "CCCCCC=O")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--lmax", type=int, default=Gaunt().lmax)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    molecules = [Chem.AddHs(Chem.MolFromSmiles(text)) for text in SMILES * 2]
    for seed, molecule in enumerate(molecules):
        rdDistGeom.EmbedMolecule(molecule, randomSeed=seed)
    batch = collate([graph_of(molecule, ELEMENTS) for molecule in molecules])
    start = torch.cat([torch.tensor(each.GetConformer().GetPositions()).float() for each in molecules])
    defaults = Gaunt()
    sizes = {name: getattr(defaults, name) for name in ("channels", "features", "layers", "radial")}
    refiner = Refiner(len(ELEMENTS) + ATOM_FEATURES, lmax=arguments.lmax, **sizes)
    sides = {}
    for method in ("dense", "auto", *(["compiled"] if library.compiler() else [])):
        twin = copy.deepcopy(refiner)
        for part in twin.modules():
            if isinstance(part, GauntTensorProduct):
                part.method = method

        def call(positions, twin=twin):
            return torch.stack(twin(batch, positions))

        sides[method] = (call, (start.clone().requires_grad_(),))
    times = race(sides, arguments.runs)
    counts = f"{len(molecules)} molecules, {len(start)} atoms, {len(batch.first)} pairs"
    print(f"{counts}, lmax {arguments.lmax}, {sizes}")
    for name, values in times.items():
        print(f"{name}: {statistics.median(values):.1f} ms, {ratio(times, 'dense', name):.2f} times as fast")


if __name__ == "__main__":
    main()
