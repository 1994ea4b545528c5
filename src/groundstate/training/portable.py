"""Trained models as safetensors: weights that ship with the package, settings and a digest inside."""

import hashlib
import json
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path

SUFFIX = ".safetensors"


def save_portable(
    state: dict[str, Tensor], config: dict, step: int, provenance: dict, path: str | Path
) -> None:
    """Write weights as safetensors, atomically.

    Parameters
    ----------
    state
        Weights by name.
    config
        JSON values that rebuild the network.
    step
        Optimiser steps behind the weights.
    provenance
        JSON values: settings, seed, versions, inputs of the training.
    """
    metadata = {"config": json.dumps(config), "step": str(step), "provenance": json.dumps(provenance)}
    state = {name: value.detach().cpu().contiguous() for name, value in state.items()}
    metadata["sha256"] = _digest(state, metadata)
    with atomic_path(path) as temporary:
        temporary.write_bytes(save(state, metadata))


def read_portable(path: str | Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Read weights by name, and the metadata: ``config``, ``step``, ``provenance``.

    Raises ``GroundstateError`` where the file is absent, no safetensors file of this program, or changed.
    """
    try:
        with safe_open(path, "pt") as file:
            metadata = dict(file.metadata() or {})
            state = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file; name weights, or train a model") from None
    except (SafetensorError, OSError) as error:
        raise GroundstateError(f"{path}: not a whole safetensors file ({error}); copy it again") from None
    stored = metadata.pop("sha256", None)
    if stored is None or not {"config", "step", "provenance"} <= metadata.keys():
        raise GroundstateError(f"{path}: these weights are not of this program; name a checkpoint of its own")
    if stored != _digest(state, metadata):
        raise GroundstateError(f"{path}: its content does not fit its digest; copy or install it again")
    return state, metadata


def _digest(state: dict[str, Tensor], metadata: dict[str, str]) -> str:
    digest = hashlib.sha256(json.dumps(metadata, sort_keys=True).encode())
    for name, value in sorted(state.items()):
        digest.update(json.dumps([name, str(value.dtype), list(value.shape)]).encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
