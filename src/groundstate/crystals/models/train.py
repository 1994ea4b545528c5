"""From records to a trained crystal model."""

from pathlib import Path

import torch

from groundstate.crystals.crystal import from_record
from groundstate.crystals.models.registry import model_type
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split
from groundstate.training.fit import fit


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
    rows = {row["id"]: row for row in read_records(records, CRYSTAL_SCHEMA)}
    parts = {}
    for part in ("train", "validation"):
        ids = read_split(splits, "random", part)
        if not ids:
            raise GroundstateError(f"{splits}: the {part} part is empty; use more data or other fractions")
        if missing := [one for one in ids if one not in rows]:
            raise GroundstateError(f"{splits}: {missing[0]!r} is not in {records}; prepare the data again")
        parts[part] = [from_record(rows[one]) for one in ids]
    torch.manual_seed(seed)
    model = model_type(name).build(parts["train"], settings)
    known = [crystal for crystal in parts["validation"] if model.fits(crystal)]
    sets = {"train": model.encode(parts["train"]), "validation": model.encode(known)}

    def batch_of(part: str):
        def make(indices: list[int], generator: torch.Generator) -> dict[str, torch.Tensor]:
            return {key: values[indices] for key, values in sets[part].items()}

        return make

    fit(
        model,
        lambda network, batch, generator: network.loss(batch, generator),
        train_size=len(parts["train"]),
        train_batch=batch_of("train"),
        validation_size=len(known),
        validation_batch=batch_of("validation"),
        settings=settings.training,
        seed=seed,
        folder=folder,
        config=model.config,
        inputs=[records, splits],
        name=f"train crystals {name} seed {seed}",
        processes=processes,
        stages=model.stages,
    )
