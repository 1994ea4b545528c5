"""Geometry models without weights: RDKit's embedding and MMFF94 minima as they are."""

import json
import time
from collections.abc import Callable, Sequence

import torch

from groundstate.checkpoints import Checkpoint
from groundstate.files import atomic_path, write_text
from groundstate.molecules.direct import Answer, DirectModel, Molecule, TrainingRun
from groundstate.provenance import write_provenance


def write_checkpoint(run: TrainingRun, name: str, elements: list[int] | None, **settings: object) -> None:
    """Write the files of a training for a model without weights: its checkpoints hold ``settings`` alone."""
    started = time.time()
    config = {"kind": "geometry", "model": name, "elements": elements, **settings}
    content = {"groundstate": {"config": json.dumps(config), "step": 0}, "state_dict": {}}
    for file in ("best.ckpt", "last.ckpt"):
        with atomic_path(run.output / file) as temporary:
            torch.save(content, temporary)
    write_text(run.output / "training.csv", "step,train_loss,validation_loss\n")
    facts = {"config": config, "settings": {}, "seed": run.seed, "parameters": 0}
    write_provenance(run.output / "provenance.json", started, [run.records, run.splits], **facts)


def _untrained(run: TrainingRun, name: str) -> None:
    write_checkpoint(run, name, None)


def settings_of(checkpoint: Checkpoint, device: torch.device) -> dict:
    """The state of a model that is its settings."""
    return checkpoint.config


def answer_of(row: dict) -> Answer:
    """A start geometry as the prediction; failed where the embedding failed."""
    failed = None
    if not row["stereo_kept"]:
        failed = "no geometry with the stereo of the input was found; this one has another"
    elif row["origin"] == "fallback":
        failed = "ETKDGv3 gave nothing; this is the fallback geometry"
    return Answer(row["positions"], {"origin": row["origin"]}, failed)


def lowest(rows: Sequence[dict]) -> dict:
    """The row of lowest MMFF94 energy with the right stereo; else the first one."""
    ranked = [row for row in rows if row["force_field"] == "mmff94" and row["stereo_kept"]]
    return min(ranked, key=lambda row: row["energy"], default=rows[0])


def _picks(pick: Callable[[Sequence[dict]], dict], method: str) -> DirectModel:
    def answer(state: dict, molecules: Sequence[Molecule]) -> list[Answer]:
        return [answer_of(pick(molecule.starts)) for molecule in molecules]

    return DirectModel(_untrained, settings_of, answer, method)


ETKDG = _picks(lambda rows: rows[0], "etkdg")
MMFF = _picks(lambda rows: rows[0], "mmff")
MMFF_LOWEST = _picks(lowest, "mmff")
