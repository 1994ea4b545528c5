"""Geometry models by name, and from their checkpoints."""

from pathlib import Path

import torch

from groundstate.molecules.models.base import GeometryModel
from groundstate.plugins import load_class
from groundstate.training.checkpoints import load_checkpoint, model_of, rebuild

WHAT = "geometry model"


def load_model(
    path: str | Path, device: torch.device, model: str | None = None, convention: str | None = None
) -> GeometryModel:
    """Rebuild a trained model from its checkpoint, ready to predict.

    ``model``: name or reference; needed where it is a plug-in. ``convention``: one of its data sets.

    Raises ``GroundstateError`` where the file is not a whole geometry checkpoint of this version and model.
    """
    checkpoint = load_checkpoint(path, "geometry")
    name = model_of(checkpoint, WHAT, model)
    kind = load_class(name, GeometryModel, WHAT)  # type: ignore[type-abstract]  # gives a subclass
    network = rebuild(checkpoint, kind).to(device)
    if convention is not None:
        network.convention = convention
    return network
