"""Crystal models by name, and from their checkpoints."""

from pathlib import Path

import torch

from groundstate.crystals.models.base import CrystalModel
from groundstate.errors import GroundstateError
from groundstate.plugins import load
from groundstate.training.checkpoints import load_checkpoint, model_of, rebuild

WHAT = "crystal model"


def model_class(name: str) -> type[CrystalModel]:
    """Return the class behind a built-in name or ``package.module:Object``.

    Raises ``GroundstateError`` where there is none, or where it is no ``CrystalModel``.
    """
    kind = load(name, CrystalModel, WHAT)
    if not isinstance(kind, type):
        raise GroundstateError(f"{WHAT} {name}: is an object; name the subclass of CrystalModel itself")
    return kind


def load_model(path: str | Path, device: torch.device, model: str | None = None) -> CrystalModel:
    """Rebuild a trained model from its checkpoint, ready to sample.

    ``model``: name or reference; needed where it is a plug-in.

    Raises ``GroundstateError`` where the file is not a whole crystal checkpoint of this version and model.
    """
    checkpoint = load_checkpoint(path, "crystals")
    kind = model_class(model_of(checkpoint, WHAT, model))
    return rebuild(checkpoint, kind).to(device)
