"""Train a geometry model on prepared records and their start geometries."""

import json
from pathlib import Path

import numpy as np
import torch
from scipy.spatial.distance import pdist

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.molecules.conformers.hydrogen_labels import NO_RULES, count_labels
from groundstate.molecules.models.calibration import calibrate
from groundstate.molecules.models.direct import DirectModel, TrainingRun
from groundstate.molecules.models.examples import Example, elements_of, make_examples, read_part, read_starts
from groundstate.molecules.models.predict import load_predictor
from groundstate.molecules.models.registry import find_model
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.seeds import derive_seed
from groundstate.training.fit import fit


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
        plan = kind.train(run, model)
        if plan is not None:
            fit(**plan._asdict(), seed=seed, folder=output, name="train geometry", processes=processes)
        return
    training, validation = (read_part(records, splits, split, part) for part in ("train", "validation"))
    starts = read_starts(conformers, [record["id"] for record in training + validation])
    elements = elements_of(training)
    labels = count_labels(training) if settings.hydrogen_labels else NO_RULES
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

    def train_batch(indices: list[int], generator: torch.Generator) -> object:
        return kind.batch([parts["train"][index] for index in indices], generator)

    def validation_batch(indices: list[int], generator: torch.Generator) -> object:
        return kind.batch([parts["validation"][index] for index in indices], None)

    fit(
        network,
        kind.loss,
        train_size=len(parts["train"]),
        train_batch=train_batch,
        validation_size=len(parts["validation"]),
        validation_batch=validation_batch,
        settings=settings.training,
        seed=seed,
        folder=output,
        config=config,
        inputs=[Path(records), Path(splits), Path(conformers)],
        name="train geometry",
        processes=processes,
        finish=lambda path: _calibrate(path, parts["validation"]),
    )


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
    content = torch.load(path, map_location="cpu", weights_only=True)
    config = json.loads(content["groundstate"]["config"])
    config["calibration"] = calibrate([guess.risk for (guess,) in guesses], errors)
    content["groundstate"]["config"] = json.dumps(config)
    with atomic_path(path) as temporary:
        torch.save(content, temporary)
