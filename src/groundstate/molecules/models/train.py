"""Train a geometry model on prepared records and their start geometries."""

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from groundstate.errors import GroundstateError
from groundstate.files import write_text
from groundstate.molecules.models.base import GeometryModel
from groundstate.molecules.models.domain import Domain
from groundstate.molecules.models.examples import DataSet, TrainingPart, training_part
from groundstate.molecules.models.load import WHAT, load_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.plugins import load_class
from groundstate.provenance import write_provenance
from groundstate.seeds import derive_seed
from groundstate.training.checkpoints import canonical_name, choose_device, read_content, save_checkpoint
from groundstate.training.fit import fit
from groundstate.training.task import TrainingData, TrainingTask

VALIDATION_SHARE = 15  # training molecules of a limited data set for each one of validation


def train(
    sets: Sequence[DataSet],
    model: str,
    settings: TrainGeometry,
    seed: int,
    output: str | Path,
    split: str = "random",
    processes: int = 1,
) -> None:
    """Write best.ckpt, last.ckpt, training.csv and provenance.json into ``output``.

    Learns from the train part and keeps the weights that do best on the validation part; the test part stays
    unread. ``model`` is a name or the ``package.module:Class`` of a ``GeometryModel``. Of several data sets
    one model is made; where it knows conventions, the name of each is one, and a prediction chooses.

    Raises ``GroundstateError`` for an unknown model, and where a part has no molecule with both geometries.
    """
    kind = load_class(model, GeometryModel, WHAT)  # type: ignore[type-abstract]  # gives a subclass
    if kind.starts and kind.learns_from_starts and None in [one.conformers for one in sets]:
        raise GroundstateError(f"{model} learns from start geometries: give --conformers of the embed stage")
    started, output = time.time(), Path(output)
    starts = kind.starts if kind.learns_from_starts else None
    train_part = training_part(sets, split, "train", starts, settings.most_molecules)
    most = None if settings.most_molecules is None else max(settings.most_molecules // VALIDATION_SHARE, 1)
    validation_part = training_part(sets, split, "validation", starts, most)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = kind.build(canonical_name(model, WHAT), train_part, settings)
    inputs = [Path(file) for one in sets for file in (one.records, one.splits)]
    if not list(network.parameters()):
        _write_untrained(output, network.config, started, inputs, seed)
        return
    domain = Domain()
    training, validation = _examples(network, train_part, domain), _examples(network, validation_part)
    network.config["domain"] = domain.config()

    def calibrate(path: Path) -> None:
        best = load_model(path, choose_device(settings.training.device), model)
        _add_to_config(path, **(best.calibrate(validation) or {}))

    task = TrainingTask(
        network=network,
        loss=lambda network, batch, generator: network.loss(batch, generator),
        train=TrainingData(
            len(training),
            lambda indices, generator: network.batch([training[index] for index in indices], generator),
        ),
        validation=TrainingData(
            len(validation),
            lambda indices, generator: network.batch([validation[index] for index in indices], None),
        ),
        settings=kind.training_settings(settings),
        seed=seed,
        config=network.config,
        inputs=[*inputs, *(Path(one.conformers) for one in sets if starts and one.conformers)],
        finish=calibrate,
    )
    fit(task, output, name="train geometry", processes=processes)


def _examples(network: GeometryModel, part: TrainingPart, domain: Domain | None = None) -> list[Any]:
    examples = []
    for molecule, reference in part:
        example = network.example(molecule, reference)
        if example is not None:
            examples.append(example)
            if domain is not None:
                domain.add(molecule.mol)
    if not examples:
        start = " and a start geometry" if network.starts and network.learns_from_starts else ""
        raise GroundstateError(
            f"{part.place}: no molecule of the {part.part} part has a reference geometry{start}; "
            "use more data or other split fractions"
        )
    return examples


def _add_to_config(path: Path, **values: object) -> None:
    content = read_content(path)
    config = json.loads(content["groundstate"]["config"]) | values
    content["groundstate"]["config"] = json.dumps(config)
    save_checkpoint(content, path)


def _write_untrained(
    output: Path, config: dict[str, Any], started: float, inputs: list[Path], seed: int
) -> None:
    """Write the files of a training for a model without weights: its checkpoints hold its config alone."""
    content = {"groundstate": {"config": json.dumps(config), "step": 0}, "state_dict": {}}
    for name in ("best.ckpt", "last.ckpt"):
        save_checkpoint(content, output / name)
    write_text(output / "training.csv", "step,train_loss,validation_loss\n")
    facts = {"config": config, "settings": {}, "seed": seed, "parameters": 0}
    write_provenance(output / "provenance.json", started, inputs, **facts)
