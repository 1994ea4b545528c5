"""Checkpoints that come with the package: files of this folder, by their names without suffix."""

import json
from pathlib import Path

from groundstate.errors import GroundstateError

FOLDER = Path(__file__).parent
SUFFIXES = (".ckpt", ".safetensors")


def shipped_weights() -> dict[str, Path]:
    """List the checkpoints that come with the package, by name."""
    return {path.stem: path for path in sorted(FOLDER.iterdir()) if path.suffix in SUFFIXES}


def model_card(name: str) -> str:
    """Read the card of shipped weights: their data, licences, settings, figures, and how they were made."""
    card = FOLDER / f"{name}.md"
    return card.read_text(encoding="utf-8") if card.is_file() else f"# {name}\n\nThere is no card.\n"


def conventions(path: str | Path) -> list[str]:
    """Name the data sets whose conventions shipped weights know, from the head of their file alone."""
    with Path(path).open("rb") as file:
        head = json.loads(file.read(int.from_bytes(file.read(8), "little")))
    return list(json.loads(head["__metadata__"]["config"]).get("conventions", {}))


def is_path(text: str) -> bool:
    """Tell whether ``text`` is written as the path of a checkpoint and not as a name."""
    return "/" in text or text.endswith(SUFFIXES)


def find_checkpoint(text: str) -> Path:
    """Find a checkpoint by its path, or by its name among those of the package.

    Raises ``GroundstateError`` that lists the names where it is neither.
    """
    shipped = shipped_weights()
    if text in shipped:
        return shipped[text]
    path = Path(text)
    if not is_path(text) and not path.is_file():
        names = ", ".join(shipped) or "none comes with this version"
        raise GroundstateError(f"checkpoint {text!r}: not a file, nor the name of shipped weights ({names})")
    if not path.is_file():
        raise GroundstateError(f"checkpoint {text}: no such file; name the best.ckpt of a trained model")
    return path
