"""From records to a trained crystal model."""

import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.record_file import ids_of_parts, read_record_file
from groundstate.crystals.models.base import CrystalModel
from groundstate.crystals.models.load import WHAT
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.templates import FindTemplates, find_in, plain_library
from groundstate.errors import GroundstateError
from groundstate.plugins import load_class
from groundstate.records import Rejection, write_any_rejected
from groundstate.training.checkpoints import canonical_name
from groundstate.training.fit import fit
from groundstate.training.task import TrainingData, TrainingTask


def train(
    records: Path,
    splits: Path,
    name: str,
    settings: TrainCrystals,
    seed: int,
    folder: Path,
    processes: int = 1,
) -> None:
    """Train model ``name`` on the training part and write its checkpoints to ``folder``; see ``fit``.

    Records that cannot be used stand in ``rejected.csv`` of the folder; without such there is no such file.

    Raises ``GroundstateError`` for an unknown model, damaged files, and where a part has no crystal.
    """
    kind = load_class(name, CrystalModel, WHAT)  # type: ignore[type-abstract]  # gives a subclass
    crystals: dict[str, Crystal] = {}
    rejections: list[Rejection] = []
    for item in read_record_file(records):
        if isinstance(item, Rejection):
            rejections.append(item)
        elif item.id in crystals:
            rejections.append(Rejection(item.id, "train", "the id occurs twice; the first one is kept"))
        else:
            crystals[item.id] = item
    write_any_rejected(folder / "rejected.csv", rejections)
    if rejections:
        sys.stderr.write(f"{records}: {len(rejections)} rejected, see {folder / 'rejected.csv'}\n")
    present = crystals.keys() | {rejection.id for rejection in rejections}
    parts = {}
    for part in ("train", "validation"):
        ids = ids_of_parts(splits, [part], present, records)
        parts[part] = [crystals[one] for one in ids if one in crystals]
        if not parts[part]:
            raise GroundstateError(f"{records}: no crystal of the {part} part can be used; prepare it again")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind.build(canonical_name(name, WHAT), parts["train"], settings)
    find = find_in(plain_library(parts["train"]))
    within = [crystal for crystal in parts["validation"] if model.fits(crystal)]
    task = TrainingTask(
        network=model,
        loss=lambda network, batch, generator: network.loss(batch, generator),
        train=_data(model, parts["train"], find, settings),
        validation=_data(model, within, find, settings),
        settings=settings.training,
        seed=seed,
        config=model.config,
        inputs=[records, splits, *([Path(chosen)] if (chosen := settings.compact.composition_ids) else [])],
        stages=model.stages,
    )
    fit(task, folder, name=f"train crystals {name} seed {seed}", processes=processes)


def _data(
    model: CrystalModel, crystals: Sequence[Crystal], find: FindTemplates, settings: TrainCrystals
) -> TrainingData:
    """Return the crystals, encoded once, as data for ``fit``."""
    encoded = model.encode(crystals) | model.encode_templates(crystals, find)
    encoded |= model.encode_choice(crystals, settings)
    return TrainingData(
        len(crystals),
        lambda indices, generator: {key: values[indices] for key, values in encoded.items()},
    )
