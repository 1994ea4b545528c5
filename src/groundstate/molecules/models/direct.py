"""Models that do not refine candidates: they read the graph alone, or take a start geometry as it is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import torch
from rdkit import Chem

from groundstate.molecules.models.answer import Answer
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.training.checkpoints import Checkpoint
from groundstate.training.task import TrainingTask


class TrainingRun(NamedTuple):
    """What a training is asked for."""

    records: Path
    splits: Path
    split: str
    settings: TrainGeometry
    seed: int
    output: Path
    processes: int = 1


class Molecule(NamedTuple):
    """A molecule to predict; ``starts``: rows of CONFORMER_SCHEMA by the method that the model wants."""

    record: dict
    mol: Chem.Mol  # with its stereo, and a conformer where the record has a geometry: not to be read
    starts: list[dict]


@dataclass(frozen=True)
class DirectModel:
    """One way to get from a molecule to a geometry without refinement.

    Attributes
    ----------
    train
        ``(run, name) -> task`` for ``fit``; a model without weights writes the files of a training itself,
        its checkpoint holds settings alone, and gives None.
    load
        ``(checkpoint, device) -> state``.
    answer
        ``(state, molecules) -> answers``, one for each molecule. Raises nothing for a single molecule.
    starts
        ``etkdg`` or ``mmff``: the start geometries that ``answer`` wants; None wants none.
    """

    train: Callable[[TrainingRun, str], TrainingTask | None]
    load: Callable[[Checkpoint, torch.device], Any]
    answer: Callable[[Any, Sequence[Molecule]], list[Answer]]
    starts: str | None = None
