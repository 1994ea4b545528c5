"""An untrained potential as a checkpoint: what is scored need not be good."""

import json
from pathlib import Path

import pytest
import torch

from groundstate.interatomic.network import build_network
from groundstate.interatomic.settings import PotentialNetwork
from groundstate.training.checkpoints import save_checkpoint


@pytest.fixture(scope="session")
def untrained(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of a small potential for hydrogen and oxygen."""
    sizes = PotentialNetwork(channels=4, lmax=1, radial_width=8, cutoff=3.5)
    config = {"kind": "potential", "network": sizes.model_dump(), "elements": [1, 8]}
    config |= {"atomic_energies": [3.0, 5.0], "mean_neighbours": 3.0, "scale": 1.0, "shift": -2.0}
    paths = []
    for seed in range(2):
        torch.manual_seed(seed)
        path = tmp_path_factory.mktemp("potential") / "best.ckpt"
        state = {f"network.{key}": value for key, value in build_network(config).state_dict().items()}
        about = {"config": json.dumps(config), "step": 1}
        save_checkpoint({"state_dict": state, "groundstate": about}, path)
        paths.append(path)
    return paths
