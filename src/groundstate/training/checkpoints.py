"""Trained models on disk: sealed with a digest, read without running code, refused when they are not whole.

A checkpoint is what ``torch.save`` writes, a zip archive, whose comment is the sha256 of all that stands
before it: so one flipped bit anywhere is seen, and other tools still open the file.
"""

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import torch
from pydantic import ValidationError
from torch import Tensor, nn

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.plugins import TABLES, resolve
from groundstate.settings import DEVICES, explain
from groundstate.training.portable import SUFFIX, read_portable

_MARK = b"groundstate sha256 "
_COMMENT = len(_MARK) + 64  # bytes, the digest in hexadecimal
_BLOCK = 2**20

Network = TypeVar("Network", bound=nn.Module)


class Checkpoint(NamedTuple):
    """What a trained model is rebuilt from."""

    config: dict[str, Any]
    state_dict: dict[str, Tensor]
    step: int
    path: Path = Path()


def _digest(path: Path) -> tuple[str, bytes]:
    """Return the sha256 of all but the comment's digest, and that digest as it stands in the file."""
    digest, left = hashlib.sha256(), path.stat().st_size - 64
    with path.open("rb") as handle:
        while left > 0 and (block := handle.read(min(_BLOCK, left))):
            digest.update(block)
            left -= len(block)
        return digest.hexdigest(), handle.read()


def seal(path: str | Path) -> None:
    """Add the digest to a file of ``torch.save`` that has none yet."""
    path = Path(path)
    with path.open("r+b") as handle:
        handle.seek(-2, 2)  # a zip archive ends with the length of its comment
        handle.write(_COMMENT.to_bytes(2, "little") + _MARK + b"0" * 64)
    digest, _ = _digest(path)
    with path.open("r+b") as handle:
        handle.seek(-64, 2)
        handle.write(digest.encode())


def save_checkpoint(content: Mapping[str, Any], path: str | Path) -> None:
    """Write a checkpoint atomically, sealed.

    ``content`` holds at least ``state_dict`` and ``groundstate``: ``{"config": JSON, "step": int}``.
    """
    with atomic_path(path) as temporary:
        torch.save(dict(content), temporary)
        seal(temporary)


def read_content(path: str | Path) -> dict[str, Any]:
    """Read all that a checkpoint holds, tensors on the CPU, without running any code that it might hold.

    Raises
    ------
    GroundstateError
        The file is absent, cut, changed since it was written, no checkpoint, or holds code.
    """
    path = Path(path)
    try:
        computed, stored = _digest(path)
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such checkpoint; train the model first") from None
    except PermissionError:
        raise GroundstateError(f"{path}: not readable by this user; change its permissions") from None
    except OSError as error:
        raise GroundstateError(f"{path}: not readable ({error.strerror}); name a checkpoint file") from None
    whole = f"{path}: not a whole groundstate checkpoint"
    if not re.fullmatch(rb"[0-9a-f]{64}", stored):
        raise GroundstateError(f"{whole} (no digest at its end); copy it again, or delete it and train again")
    if stored != computed.encode():
        raise GroundstateError(
            f"{whole} (its content does not fit its digest: it was damaged or changed); copy it again, or "
            "delete it and train again"
        )
    try:
        with zipfile.ZipFile(path) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > path.stat().st_size:
                raise ValueError("it unpacks to more than its size")
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises a dozen types for foreign or unsafe files
        raise GroundstateError(
            f"{whole} ({type(error).__name__}); files that hold code are refused; delete it and train again"
        ) from None
    if not isinstance(content, dict):
        raise GroundstateError(f"{whole}; name a file that a training wrote")
    return content


def _portable_content(path: Path) -> dict[str, Any]:
    state, metadata = read_portable(path)
    return {"state_dict": state, "groundstate": metadata}


def load_checkpoint(path: str | Path, kind: str | None = None) -> Checkpoint:
    """Read a checkpoint and check it.

    Parameters
    ----------
    path
        best.ckpt or last.ckpt of a training, or weights as safetensors.
    kind
        ``geometry``, ``crystals`` or ``property``: compared with the checkpoint's own.

    Raises
    ------
    GroundstateError
        As ``read_content``; also where the checkpoint is of another kind, or a weight is not finite.
    """
    path = Path(path)
    content = _portable_content(path) if path.suffix == SUFFIX else read_content(path)
    try:
        about = content["groundstate"]
        state = {name.removeprefix("network."): value for name, value in content["state_dict"].items()}
        checkpoint = Checkpoint(dict(json.loads(about["config"])), state, int(about["step"]), path)
        size = sum(value.numel() * value.element_size() for value in state.values())
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise GroundstateError(
            f"{path}: not a whole groundstate checkpoint ({type(error).__name__}: {error}); "
            "name a file that a training wrote"
        ) from None
    if size > path.stat().st_size:
        raise GroundstateError(f"{path}: its weights are larger than the file; train the model again")
    if kind is not None and checkpoint.config.get("kind") != kind:
        raise GroundstateError(
            f"{path}: is a checkpoint for {checkpoint.config.get('kind')!r}, but {kind!r} is needed; "
            "pass the checkpoint of the right stage"
        )
    for name, value in state.items():
        if value.is_floating_point() and not bool(torch.isfinite(value).all()):
            raise GroundstateError(f"{path}: the weight {name} is not finite; train the model again")
    return checkpoint


def model_of(checkpoint: Checkpoint, what: str, model: str | None) -> str:
    """Return the name or ``package.module:Object`` of a checkpoint's model, which may then be loaded.

    Parameters
    ----------
    checkpoint
        Its config's ``model`` is a built-in name, or the reference of a plug-in.
    what
        A key of ``plugins.TABLES``.
    model
        What the user named; needed where the model is a plug-in, for a checkpoint never loads code by itself.

    Raises ``GroundstateError`` where the two differ, or where a plug-in is not named.
    """
    own = checkpoint.config.get("model")
    if not isinstance(own, str):
        raise GroundstateError(f"{checkpoint.path}: names no model; train the model again")
    if model is not None and canonical_name(model, what) != own:
        raise GroundstateError(f"{checkpoint.path}: is of the {what} {own!r}, not of {model!r}; name its own")
    if own not in TABLES[what] and ":" not in own:
        raise GroundstateError(
            f"{checkpoint.path}: is of the {what} {own!r}, which this version does not have; "
            "train the model again"
        )
    if model is None and own not in TABLES[what]:
        raise GroundstateError(
            f"{checkpoint.path}: is of the plug-in {own!r}, and a checkpoint loads no code by itself; "
            f"name it: --model {own}"
        )
    return own


def canonical_name(model: str, what: str) -> str:
    """Return a built-in name as it is, and the reference behind the name of a plug-in."""
    return model if model in TABLES[what] else resolve(model, what)


def rebuild(checkpoint: Checkpoint, build: Callable[[dict[str, Any]], Network]) -> Network:
    """Build a network from a checkpoint's config and give it the weights, ready to predict.

    Its sizes are compared with the weights before memory is taken for it, where it can be built on torch's
    ``meta`` device (that is: where building reads no value of a tensor).

    Raises ``GroundstateError`` where the config is out of its bounds or does not fit the weights.
    """
    path, config = checkpoint.path, checkpoint.config
    shapes = {name: value.shape for name, value in checkpoint.state_dict.items()}
    try:
        try:
            with torch.device("meta"):
                state = build(config).state_dict()
        except (NotImplementedError, RuntimeError):
            state = None
        if state is not None and {name: value.shape for name, value in state.items()} != shapes:
            raise ValueError("its weights have other shapes than its config says")
        network = build(config)
        network.load_state_dict(checkpoint.state_dict)
    except ValidationError as error:
        raise GroundstateError(explain(error, f"{path}: config")) from None
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        reason = str(error).splitlines()[0]
        raise GroundstateError(
            f"{path}: written by another version of {config.get('model')!r} ({reason}); train the model again"
        ) from None
    return network.eval().requires_grad_(False)


def choose_device(name: str) -> torch.device:
    """Return CUDA for ``auto`` where there is one.

    Raises ``GroundstateError`` for ``cuda`` without a GPU, and for a name that is not in ``DEVICES``.
    """
    if name not in DEVICES:
        raise GroundstateError(f"device: {name!r} is not one of {', '.join(DEVICES)}")
    if name == "cuda" and not torch.cuda.is_available():
        raise GroundstateError(
            "device: 'cuda' was asked for, but torch sees no GPU; set device to auto or cpu"
        )
    return torch.device("cuda" if name != "cpu" and torch.cuda.is_available() else "cpu")
