"""Crystal models by name. A new one is a subclass of ``CrystalModel`` and a line here."""

from pathlib import Path

import torch

from groundstate.crystals.models.base import CrystalModel
from groundstate.crystals.models.compact.model import CompactModel
from groundstate.crystals.models.unimat.model import Unimat64, Unimat128, Unimat256, UnimatModel
from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import load_checkpoint

MODELS: dict[str, type[CrystalModel]] = {
    model.name: model for model in (CompactModel, UnimatModel, Unimat64, Unimat128, Unimat256)
}


def model_type(name: str) -> type[CrystalModel]:
    """The class of a model; ``GroundstateError`` lists the known ones."""
    if name not in MODELS:
        raise GroundstateError(f"no crystal model is named {name!r}; there are: {', '.join(MODELS)}")
    return MODELS[name]


def load_model(path: str | Path, device: torch.device) -> CrystalModel:
    """Rebuild a trained model from its checkpoint alone, ready to sample.

    Raises ``GroundstateError`` where the file is not a crystal checkpoint of this version.
    """
    checkpoint = load_checkpoint(path, "crystals")
    kind = model_type(checkpoint.config.get("model", ""))
    try:
        model = kind(checkpoint.config)
        model.load_state_dict(checkpoint.state_dict)
    except (KeyError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise GroundstateError(f"{path}: written by another version of {kind.name!r} ({reason})") from None
    return model.eval().requires_grad_(False).to(device)
