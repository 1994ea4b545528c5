"""From training to weights that ship: ``python -m groundstate.training.publish best.ckpt a.safetensors``."""

import json
import sys
from pathlib import Path
from typing import Any

from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.portable import SUFFIX, read_portable, save_portable


def provenance_of(checkpoint: str | Path) -> dict[str, Any]:
    """Read the provenance of a training: inside a safetensors file, else beside the checkpoint."""
    if Path(checkpoint).suffix == SUFFIX:
        return json.loads(read_portable(checkpoint)[1]["provenance"])
    beside = Path(checkpoint).with_name("provenance.json")
    return json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}


def publish(checkpoint: str | Path, path: str | Path) -> None:
    """Write the weights of a training's ``best.ckpt`` as safetensors, with the provenance beside it inside.

    Raises ``GroundstateError`` where the checkpoint is not whole.
    """
    trained = load_checkpoint(checkpoint)
    save_portable(trained.state_dict, trained.config, trained.step, provenance_of(checkpoint), path)


if __name__ == "__main__":
    publish(*sys.argv[1:3])
