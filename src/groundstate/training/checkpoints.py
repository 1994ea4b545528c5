"""Trained models on disk: read without running code, refused when they are not what is wanted."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor

from groundstate.errors import GroundstateError


class Checkpoint(NamedTuple):
    """What a trained model is rebuilt from."""

    config: dict[str, Any]
    state_dict: dict[str, Tensor]
    step: int


def load_checkpoint(path: str | Path, kind: str | None = None) -> Checkpoint:
    """Read a checkpoint without running any code that it might hold.

    ``kind`` (``geometry``, ``crystals``) is compared with the checkpoint's own.
    Raises ``GroundstateError`` where the file is absent, cut, not a checkpoint, or of another kind.
    """
    path = Path(path)
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        about = content["groundstate"]
        state = {name.removeprefix("network."): value for name, value in content["state_dict"].items()}
        checkpoint = Checkpoint(json.loads(about["config"]), state, about["step"])
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such checkpoint; train the model first") from None
    except PermissionError:
        raise GroundstateError(f"{path}: not readable by this user; change its permissions") from None
    except Exception as error:  # torch raises a dozen types for cut, foreign or unsafe files
        raise GroundstateError(
            f"{path}: not a whole groundstate checkpoint ({type(error).__name__}); "
            "files that hold code are refused; delete it and train again"
        ) from None
    if kind is not None and checkpoint.config.get("kind") != kind:
        raise GroundstateError(
            f"{path}: is a checkpoint for {checkpoint.config.get('kind')!r}, but {kind!r} is wanted; "
            "pass the checkpoint of the right stage"
        )
    return checkpoint


def choose_device(name: str) -> torch.device:
    """``auto`` takes CUDA where there is one; an impossible wish is a ``GroundstateError``."""
    if name == "cuda" and not torch.cuda.is_available():
        raise GroundstateError(
            "device: 'cuda' was asked for, but torch sees no GPU; set device to auto or cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
