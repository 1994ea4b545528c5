"""From training to weights that ship: ``python -m groundstate.training.publish best.ckpt a.safetensors``."""

import json
import sys
from pathlib import Path

from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.portable import save_portable


def publish(checkpoint: str | Path, path: str | Path) -> None:
    """Write the weights of a training's ``best.ckpt`` as safetensors, with the provenance beside it inside.

    Raises ``GroundstateError`` where the checkpoint is not whole.
    """
    beside = Path(checkpoint).with_name("provenance.json")
    provenance = json.loads(beside.read_text(encoding="utf-8")) if beside.is_file() else {}
    trained = load_checkpoint(checkpoint)
    save_portable(trained.state_dict, trained.config, trained.step, provenance, path)


if __name__ == "__main__":
    publish(*sys.argv[1:3])
