"""Crystal models by name, and from their checkpoints."""

from pathlib import Path

import torch

from groundstate.crystals.models.base import CrystalModel
from groundstate.plugins import load_class
from groundstate.training.checkpoints import load_checkpoint, model_of, rebuild

WHAT = "crystal model"


def load_model(path: str | Path, device: torch.device, model: str | None = None) -> CrystalModel:
    """Rebuild a trained model from its checkpoint, ready to sample.

    ``model``: name or reference; needed where it is a plug-in.

    Raises ``GroundstateError`` where the file is not a whole crystal checkpoint of this version and model.
    """
    checkpoint = load_checkpoint(path, "crystals")
    name = model_of(checkpoint, WHAT, model)
    kind = load_class(name, CrystalModel, WHAT)  # type: ignore[type-abstract]  # gives a subclass
    return rebuild(checkpoint, kind).to(device)
