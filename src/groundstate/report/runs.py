"""What a run folder holds, read once: provenance, training history, scores, rejections.

A run folder is ``{molecules|crystals|potentials}/{dataset}/{model}/seed{n}``; what it shares with the other
runs of its data set lies two folders up (``prepared``, ``conformers``). A part that is absent is left out of
the report; one that is there and broken is an error that names the file.
"""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from groundstate.errors import GroundstateError

Kind = Literal["molecules", "crystals", "potentials"]
COMMITTEE = "committee"  # folder of what all seeds of a potential say together, beside those of the seeds
TABLES = {"molecules": "molecules.csv", "crystals": "crystals.csv", "potentials": "structures.csv"}
SCORES = {"molecules": "geometry", "crystals": "validity", "potentials": "errors"}  # the first of each


@dataclass(frozen=True)
class Run:
    """One trained model and everything that was predicted and scored with it."""

    kind: Kind
    folder: Path
    provenance: dict
    training: pd.DataFrame | None
    scores: dict[str, dict]  # "geometry", "validity", "stability", ... -> summary.json
    structures: dict[str, pd.DataFrame]  # the same keys -> one row per structure, ``id`` as text

    @property
    def dataset(self) -> str:
        """Name of the data set, from the folder."""
        return self.folder.parent.parent.name

    @property
    def model(self) -> str:
        """Name of the model, from the folder; the committee of all its seeds is a model of its own."""
        return self.folder.parent.name + f", {COMMITTEE}" * (self.folder.name == COMMITTEE)

    @property
    def seed(self) -> str:
        """``seed0`` -> ``0``."""
        return self.folder.name.removeprefix("seed")

    @property
    def label(self) -> str:
        """A name that no other run of the report has."""
        return f"{self.kind}/{self.dataset}/{self.folder.parent.name}/{self.folder.name}"

    @property
    def shared(self) -> Path:
        """The folder of the data set, with ``prepared`` and ``conformers``."""
        return self.folder.parent.parent


def read_run(folder: str | Path, kind: Kind) -> Run:
    """Read a run folder.

    Raises ``GroundstateError`` where the folder is absent, holds nothing to report, or a file is broken.
    """
    folder = Path(folder).absolute()
    if not folder.is_dir():
        raise GroundstateError(f"{folder}: no such run folder; train and score the model first")
    scores, structures = {}, {}
    for path in sorted(folder.glob("*/summary.json")):
        scores[path.parent.name] = read_json(path)
        table = path.parent / TABLES[kind]
        if table.exists():
            structures[path.parent.name] = read_table(table)
    provenance, training = folder / "provenance.json", folder / "training.csv"
    if not (scores or provenance.exists() or training.exists()):
        raise GroundstateError(
            f"{folder}: nothing to report; expected provenance.json, training.csv or a score such as "
            f"{SCORES[kind]}/summary.json"
        )
    return Run(
        kind,
        folder,
        read_json(provenance) if provenance.exists() else {},
        read_training(training) if training.exists() else None,
        scores,
        structures,
    )


def read_json(path: Path) -> dict:
    """Read a JSON object; anything else is a ``GroundstateError`` that names the file."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, OSError) as error:
        raise GroundstateError(f"{path}: not readable as JSON ({error}); {AGAIN}") from None
    if not isinstance(value, dict):
        raise GroundstateError(f"{path}: holds a {type(value).__name__} instead of an object; {AGAIN}")
    return value


def read_table(path: Path) -> pd.DataFrame:
    """Read a CSV file with an ``id`` column; anything else is a ``GroundstateError`` that names the file."""
    try:
        table = pd.read_csv(path, converters={"id": str})  # NA is an id
    except (ValueError, OSError) as error:  # pandas' parser and empty-file errors are ValueErrors
        raise GroundstateError(f"{path}: not readable as CSV ({error}); {AGAIN}") from None
    if "id" not in table:
        raise GroundstateError(f"{path}: has no column 'id' but {list(table)}; {AGAIN}")
    return table


def read_training(path: Path) -> pd.DataFrame | None:
    """Read a training history: a ``step`` column and one numeric column a curve; None where it has no row."""
    try:
        table = pd.read_csv(path).apply(pd.to_numeric)
    except (ValueError, OSError) as error:
        raise GroundstateError(f"{path}: not readable as a training history ({error}); {AGAIN}") from None
    if "step" not in table:
        raise GroundstateError(f"{path}: has no column 'step' but {list(table)}; {AGAIN}")
    return None if table.empty else table


def natural(text: str) -> list[tuple[int, int | str]]:
    """Sort key under which ``seed10`` comes after ``seed9``."""
    parts = re.split(r"(\d+)", text)
    return [(0, int(part)) if part.isdigit() else (1, part) for part in parts if part]


def group_runs(runs: list[Run]) -> dict[str, dict[str, list[Run]]]:
    """``{dataset: {model: [runs by seed]}}``, each level in a fixed order."""
    groups: dict[str, dict[str, list[Run]]] = {}
    for run in sorted(runs, key=lambda run: (run.folder.name == COMMITTEE, natural(run.label))):
        groups.setdefault(run.dataset, {}).setdefault(run.model, []).append(run)
    return groups


AGAIN = "delete it and run the stage that writes it again"
