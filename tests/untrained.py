"""An untrained potential as a checkpoint: smooth and deterministic, good for nothing else."""

import json
from pathlib import Path

import torch

from groundstate.interatomic.network import build_network
from groundstate.interatomic.settings import PotentialNetwork
from groundstate.training.checkpoints import save_checkpoint

ENERGIES = {1: 3.0, 8: 5.0, 29: -1.0, 79: -2.0}  # eV


def write_untrained(path: Path, seed: int, elements: tuple[int, ...] = (1, 8), **sizes: object) -> Path:
    """Write a small potential that has seen the elements; gives the path."""
    network = {"channels": 4, "lmax": 1, "radial_width": 8, "cutoff": 3.5, "repulsion": True} | sizes
    config = {"kind": "potential", "network": PotentialNetwork.model_validate(network).model_dump()}
    config |= {"elements": list(elements), "atomic_energies": [ENERGIES[z] for z in elements]}
    config |= {"mean_neighbours": 3.0, "scale": 1.0, "shift": -2.0}
    torch.manual_seed(seed)
    state = {f"network.{key}": value for key, value in build_network(config).state_dict().items()}
    save_checkpoint({"state_dict": state, "groundstate": {"config": json.dumps(config), "step": 1}}, path)
    return path
