"""Geometry models by name, and from their checkpoints."""

from pathlib import Path

import torch

from groundstate.errors import GroundstateError
from groundstate.molecules.models.base import GeometryModel
from groundstate.plugins import load
from groundstate.training.checkpoints import load_checkpoint, model_of, rebuild

WHAT = "geometry model"


def model_class(name: str) -> type[GeometryModel]:
    """Return the class behind a built-in name or ``package.module:Object``.

    Raises ``GroundstateError`` where there is none, or where it is no ``GeometryModel``.
    """
    kind = load(name, GeometryModel, WHAT)
    if not isinstance(kind, type):
        raise GroundstateError(f"{WHAT} {name}: is an object; name the subclass of GeometryModel itself")
    return kind


def load_model(
    path: str | Path, device: torch.device, model: str | None = None, convention: str | None = None
) -> GeometryModel:
    """Rebuild a trained model from its checkpoint, ready to predict.

    ``model``: name or reference; needed where it is a plug-in. ``convention``: one of its data sets.

    Raises ``GroundstateError`` where the file is not a whole geometry checkpoint of this version and model.
    """
    checkpoint = load_checkpoint(path, "geometry")
    kind = model_class(model_of(checkpoint, WHAT, model))
    network = rebuild(checkpoint, kind).to(device)
    if convention is not None:
        network.convention = convention
    return network
