"""Train a geometry model on prepared records and their start geometries."""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import pdist

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES, numbering_rules
from groundstate.molecules.models.calibration import calibrate
from groundstate.molecules.models.direct import DirectModel, TrainingRun
from groundstate.molecules.models.examples import Example, elements_of, make_examples, read_part, read_starts
from groundstate.molecules.models.predict import load_predictor
from groundstate.molecules.models.registry import find_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.seeds import derive_seed
from groundstate.training.checkpoints import read_content, save_checkpoint
from groundstate.training.fit import fit
from groundstate.training.task import TrainingData, TrainingTask


def train(
    records: str | Path,
    splits: str | Path,
    conformers: str | Path,
    model: str,
    settings: TrainGeometry,
    seed: int,
    output: str | Path,
    split: str = "random",
    processes: int = 1,
) -> None:
    """Write best.ckpt, last.ckpt, training.csv and provenance.json into ``output``.

    Learns from the train part and keeps the weights that do best on the validation part; the test part stays
    unread.
    Raises ``GroundstateError`` for an unknown model, and where a part has no molecule with both geometries.
    """
    kind = find_model(model)
    if isinstance(kind, DirectModel):
        run = TrainingRun(Path(records), Path(splits), split, settings, seed, Path(output), processes)
        task = kind.train(run, model)
        if task is not None:
            fit(task, output, name="train geometry", processes=processes)
        return
    training, validation = (read_part(records, splits, split, part) for part in ("train", "validation"))
    starts = read_starts(conformers, [record["id"] for record in training + validation])
    elements = elements_of(training)
    labels = numbering_rules(training) if settings.hydrogen_labels else NO_RULES
    config = {"kind": "geometry", "model": model, "labels": labels, **kind.config(settings, elements)}
    parts: dict[str, list[Example]] = {}
    for part, rows in (("train", training), ("validation", validation)):
        parts[part] = make_examples(rows, starts, elements, labels, f"{part} part")
        if not parts[part]:
            raise GroundstateError(
                f"{records}: no molecule of the {part} part has both a reference and a start geometry"
            )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "weights"))
        network = kind.build(config)

    def data(part: str) -> TrainingData:
        def make(indices: list[int], generator: torch.Generator) -> object:
            examples = [parts[part][index] for index in indices]
            return kind.batch(examples, generator if part == "train" else None)

        return TrainingData(len(parts[part]), make)

    task = TrainingTask(
        network=network,
        loss=kind.loss,
        train=data("train"),
        validation=data("validation"),
        settings=settings.training,
        seed=seed,
        config=config,
        inputs=[Path(records), Path(splits), Path(conformers)],
        finish=lambda path: _calibrate(path, parts["validation"]),
    )
    fit(task, output, name="train geometry", processes=processes)


def _calibrate(path: Path, examples: list[Example]) -> None:
    """Add to a checkpoint how its risks compare with the errors of the validation part."""
    predictor = load_predictor(path)
    guesses = predictor.model.predict(
        predictor.network, [one.graph for one in examples], [one.candidates for one in examples], 1
    )
    errors = []
    for one, (guess,) in zip(examples, guesses, strict=True):
        heavy = one.graph.heavy
        between = np.abs(pdist(guess.positions[heavy]) - pdist(one.reference[heavy]))
        errors.append(between.sum() / max(len(between), 1))
    content = read_content(path)
    config = json.loads(content["groundstate"]["config"])
    config["calibration"] = calibrate([guess.risk for (guess,) in guesses], errors)
    content["groundstate"]["config"] = json.dumps(config)
    save_checkpoint(content, path)
