"""How well guided generation meets the formation energy that is asked for, judged by a universal potential.

    python benchmarks/crystal_guidance.py --checkpoint best.ckpt --targets -3 -1.5 0 --weights 0 1 2

The checkpoint must have been trained with ``conditions: [formation_energy_per_atom]``. One row a target and a
guidance weight w of (1 + w) conditional - w unconditional, and one without a wish: the share of structurally
valid crystals, median and quartiles of their formation energies (eV/atom, not relaxed: a few are far up), and
the median distance to the target.
"""

import argparse
from itertools import product
from pathlib import Path

import numpy as np
import torch

from groundstate.crystals.models.base import Request
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.load import load_model
from groundstate.crystals.structures import to_structure
from groundstate.metrics.crystals.structure_validity import structure_is_valid
from groundstate.potentials.formation import formation_energies
from groundstate.potentials.interface import find_potential

PROPERTY = "formation_energy_per_atom"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--targets", type=float, nargs="+", required=True, help="eV/atom")
    parser.add_argument("--weights", type=float, nargs="+", default=[0.0, 1.0, 2.0])
    parser.add_argument("--num", type=int, default=64, help="samples a row")
    parser.add_argument("--potential", default="sevennet-0")
    parser.add_argument("--cache", type=Path, default=Path(".energies"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    model = load_model(arguments.checkpoint, torch.device("cpu"))
    potential = find_potential(arguments.potential)
    wishes = [None, *product(arguments.targets, arguments.weights)]
    rows = ["| target | w | valid | median | quartiles | median distance |", "|---|---|---|---|---|---|"]
    for wish in wishes:
        request = Request() if wish is None else Request(conditions={PROPERTY: wish[0]}, guidance=wish[1])
        structures = [
            to_structure(one) for one in generate(model, request, arguments.num, arguments.seed, 32)
        ]
        kept = [structure for structure in structures if structure_is_valid(structure)]
        energies = formation_energies(kept, potential, arguments.cache, 1, "energies")
        energies = energies[np.isfinite(energies)]
        low, middle, high = np.percentile(energies, [25, 50, 75])
        shown = ("-", "-", "-") if wish is None else (*wish, f"{np.median(np.abs(energies - wish[0])):.2f}")
        rows.append(
            f"| {shown[0]} | {shown[1]} | {len(kept) / len(structures):.0%} | {middle:.2f} "
            f"| {low:.2f}, {high:.2f} | {shown[2]} |"
        )
    print("\n".join(rows))


if __name__ == "__main__":
    main()
