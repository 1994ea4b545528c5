"""Which checkpoint a call means: the one that is named, or the shipped weights of its kind."""

from pathlib import Path
from typing import Literal

from groundstate.errors import GroundstateError
from groundstate.training.checkpoints import load_checkpoint
from groundstate.weights import find_checkpoint, shipped_weights

Kind = Literal["geometry", "crystals"]


def checkpoint_of(kind: Kind, given: str | Path | None) -> Path:
    """Find the checkpoint: ``given`` (a path, or a name of shipped weights), else the first shipped one.

    Raises ``GroundstateError`` where there is none.
    """
    if given is not None:
        return find_checkpoint(str(given))
    for path in shipped_weights().values():
        if load_checkpoint(path).config.get("kind") == kind:
            return path
    raise GroundstateError(
        f"no weights of the kind {kind!r} come with this version: name the best.ckpt of a training "
        "(checkpoint=..., --checkpoint)"
    )
