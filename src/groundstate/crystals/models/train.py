"""From records to a trained crystal model."""

from collections.abc import Sequence
from pathlib import Path

import torch

from groundstate.crystals.crystal import Crystal, from_record
from groundstate.crystals.models.base import CrystalModel
from groundstate.crystals.models.load import WHAT, model_class
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split
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
    """Train model ``name`` on the training part and write its checkpoints to ``folder``; see ``fit``."""
    kind = model_class(name)
    rows = {row["id"]: row for row in read_records(records, CRYSTAL_SCHEMA)}
    parts = {}
    for part in ("train", "validation"):
        ids = read_split(splits, "random", part)
        if not ids:
            raise GroundstateError(f"{splits}: the {part} part is empty; use more data or other fractions")
        if missing := [one for one in ids if one not in rows]:
            raise GroundstateError(f"{splits}: {missing[0]!r} is not in {records}; prepare the data again")
        parts[part] = [from_record(rows[one]) for one in ids]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = kind.build(canonical_name(name, WHAT), parts["train"], settings)
    within = [crystal for crystal in parts["validation"] if model.fits(crystal)]
    task = TrainingTask(
        network=model,
        loss=lambda network, batch, generator: network.loss(batch, generator),
        train=_data(model, parts["train"]),
        validation=_data(model, within),
        settings=settings.training,
        seed=seed,
        config=model.config,
        inputs=[records, splits],
        stages=model.stages,
    )
    fit(task, folder, name=f"train crystals {name} seed {seed}", processes=processes)


def _data(model: CrystalModel, crystals: Sequence[Crystal]) -> TrainingData:
    """Return the crystals, encoded once, as data for ``fit``."""
    encoded = model.encode(crystals)
    return TrainingData(
        len(crystals),
        lambda indices, generator: {key: values[indices] for key, values in encoded.items()},
    )
