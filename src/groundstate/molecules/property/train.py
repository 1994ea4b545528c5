"""Learn a property from one kind of geometry, and predict it for the test molecules with the same kind.

The parts are those of the property experiment of Molecule3D: the test part of the geometry split, cut again.
So no model that predicted a geometry has seen the molecule. Differences from the scripts: geometries
are in the atom order of the record, none is dropped as not embedded, the learning rate falls over
the whole training, and the test part is what is reported.
"""

import csv
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.property.examples import GRAPH, REFERENCE, PropertyExample, make_property_examples
from groundstate.molecules.property.networks import PropertyBatch, batch_of, build
from groundstate.molecules.property.settings import NetworkName, TrainProperty
from groundstate.seeds import derive_seed
from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.fit import fit
from groundstate.training.task import TrainingData, TrainingTask

COLUMNS = ("id", "target", "predicted", "missing")


def loss(
    network: torch.nn.Module, batch: PropertyBatch, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Compute the mean absolute error in units of the training part's deviation."""
    error = (network(batch) - batch.target).abs().mean()
    return error, {}


def train_property(
    records: str | Path,
    splits: str | Path,
    geometry: str,
    network: NetworkName,
    settings: TrainProperty,
    seed: int,
    output: str | Path,
    split: str = "property",
) -> float:
    """Write what ``fit`` writes and predictions.csv (one row per test molecule); give the test MAE.

    ``geometry``: ``graph``, ``reference`` or an SDF. A test molecule without geometry is predicted by the
    mean of the training part and marked as missing.

    Raises ``GroundstateError`` where a part is empty, and for a network that needs a geometry and has none.
    """
    if network == "gaunt" and geometry == GRAPH:
        raise GroundstateError("--network gaunt needs a geometry; take schnet for the graph alone")
    output = Path(output)
    rows = {part: list(RecordPart(records, splits, split, part)) for part in ("train", "validation", "test")}
    elements = sorted({number for some in rows.values() for row in some for number in row["atomic_numbers"]})
    points_of = elements if network == "gaunt" else None
    made = {
        part: make_property_examples(some, geometry, settings.target, f"{part} part", points_of)
        for part, some in rows.items()
        if some
    }
    if len(made) < 3 or not all(examples for examples, _ in made.values()):
        raise GroundstateError(
            f"{splits}: a part of the split {split!r} has no molecule to learn from or to test"
        )
    train, validation, test = (made[part][0] for part in ("train", "validation", "test"))
    values = np.array([example.target for example in train])
    mean = float(values.mean())
    config = {
        "kind": "property",
        "model": network,
        "network": network,
        "geometry": geometry if geometry in (GRAPH, REFERENCE) else "file",
        "elements": elements,
        "sizes": (settings.gaunt if network == "gaunt" else settings.schnet).model_dump(),
        "mean": mean,
        "deviation": float(values.std()) or 1.0,
        "target": settings.target,
    }
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        untrained = build(config)
    files = [Path(records), Path(splits), *([Path(geometry)] if config["geometry"] == "file" else [])]
    task = TrainingTask(
        network=untrained,
        loss=loss,
        train=_data(train, config),
        validation=_data(validation, config),
        settings=settings.training,
        seed=seed,
        config=config,
        inputs=files,
    )
    fit(task, output, name="train property")
    predicted = _predict(output / "best.ckpt", test, settings.training.batch_size)
    predictions = [(one.id, one.target, value, False) for one, value in zip(test, predicted, strict=True)]
    for record in made["test"][1]:
        predictions.append((record["id"], record["properties"][settings.target], mean, True))
    with atomic_path(output / "predictions.csv") as temporary, temporary.open("w", newline="") as handle:
        writer = csv.writer(handle, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(sorted(predictions))
    return float(np.mean([abs(value - target) for _, target, value, _ in predictions]))


def _data(examples: list[PropertyExample], config: dict) -> TrainingData:
    return TrainingData(
        len(examples), lambda indices, generator: batch_of([examples[index] for index in indices], config)
    )


def _predict(checkpoint: Path, examples: list[PropertyExample], batch_size: int) -> list[float]:
    loaded = load_checkpoint(checkpoint, "property")
    config = loaded.config
    network = build(config)
    network.load_state_dict(loaded.state_dict)
    network.eval()
    values: list[float] = []
    with torch.no_grad():
        for start in range(0, len(examples), batch_size):
            output = network(batch_of(examples[start : start + batch_size], config))
            values += (output.double() * config["deviation"] + config["mean"]).tolist()
    return values
