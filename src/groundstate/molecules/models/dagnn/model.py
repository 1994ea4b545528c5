"""``dagnn-distance``, ``dagnn-coordinates``: the networks of the Molecule3D paper, for the registry."""

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.models.answer import Answer
from groundstate.molecules.models.dagnn.features import IntegerBatch, IntegerGraph, integer_graph, join
from groundstate.molecules.models.dagnn.network import Dagnn, Head
from groundstate.molecules.models.direct import DirectModel, Molecule, TrainingRun
from groundstate.molecules.models.distance_answers import answer_from_distances
from groundstate.molecules.mols import mol_from_record
from groundstate.progress import track
from groundstate.seeds import derive_seed
from groundstate.training.checkpoints import Checkpoint
from groundstate.training.task import TrainingData, TrainingTask


class DagnnBatch(NamedTuple):
    """What a training step sees."""

    graph: IntegerBatch
    target: Tensor  # (P,) distances, angstrom


class Example(NamedTuple):
    """One molecule to learn from."""

    graph: IntegerGraph
    positions: np.ndarray  # (n, 3) float32


def loss(
    absolute_weight: float, network: torch.nn.Module, batch: DagnnBatch, generator: torch.Generator
) -> tuple[Tensor, dict[str, Tensor]]:
    """Mean square over the pairs of the batch, as in the paper, and so much of the MAE; and the MAE alone."""
    errors = network(batch.graph)[0] - batch.target
    mae = errors.abs().mean()
    return errors.square().mean() + absolute_weight * mae, {"mae": mae}


def batch_of(examples: Sequence[Example]) -> DagnnBatch:
    """Join examples."""
    graph = join([example.graph for example in examples])
    points = torch.from_numpy(np.concatenate([example.positions for example in examples]))
    return DagnnBatch(graph, (points[graph.pairs[0]] - points[graph.pairs[1]]).norm(dim=-1))


def _examples(records: RecordPart, name: str, elements: set[int]) -> list[Example]:
    """Molecules of more than one atom; their atomic numbers are added to ``elements``."""
    examples = []
    for record in track(records, name, len(records), "molecules"):
        elements.update(record["atomic_numbers"])
        if len(record["atomic_numbers"]) > 1:
            graph = integer_graph(mol_from_record(record))
            examples.append(Example(graph, np.array(record["positions"], np.float32)))
    return examples


def _data(examples: Sequence[Example]) -> TrainingData:
    return TrainingData(
        len(examples), lambda indices, generator: batch_of([examples[index] for index in indices])
    )


def _make(head: Head) -> DirectModel:
    def train(run: TrainingRun, name: str) -> TrainingTask:
        elements: set[int] = set()
        train_part, validation_part = (
            _examples(RecordPart(run.records, run.splits, run.split, part), f"{part} part", seen)
            for part, seen in (("train", elements), ("validation", set()))
        )
        settings = run.settings.dagnn
        sizes = settings.model_dump(exclude={"training", "absolute_weight"})
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(run.seed, "weights"))
            network = Dagnn(**sizes, head=head)
        return TrainingTask(
            network,
            partial(loss, settings.absolute_weight),
            train=_data(train_part),
            validation=_data(validation_part),
            settings=settings.training,
            seed=run.seed,
            config={"kind": "geometry", "model": name, "elements": sorted(elements), "network": sizes},
            inputs=[run.records, run.splits],
        )

    def load(checkpoint: Checkpoint, device: torch.device) -> Dagnn:
        network = Dagnn(**checkpoint.config["network"], head=head)
        network.load_state_dict(checkpoint.state_dict)
        return network.to(device).eval()

    return DirectModel(train, load, answer)


def answer(network: Dagnn, molecules: Sequence[Molecule]) -> list[Answer]:
    """Points where the head makes points; else distances, and points by multidimensional scaling."""
    if not molecules:
        return []
    device = next(network.parameters()).device
    graph = join([integer_graph(molecule.mol) for molecule in molecules])
    graph = IntegerBatch(*(value.to(device) if isinstance(value, Tensor) else value for value in graph))
    with torch.no_grad():
        distances, points = network(graph)
    sizes = [molecule.mol.GetNumAtoms() for molecule in molecules]
    if points is not None:
        return [Answer(part.double().cpu().numpy(), {}) for part in points.split(sizes)]
    answers = []
    for size, part in zip(sizes, distances.split([n * (n - 1) // 2 for n in sizes]), strict=True):
        table = np.zeros((size, size))
        table[np.triu_indices(size, 1)] = part.double().cpu().numpy()
        answers.append(answer_from_distances(table + table.T))
    return answers


DAGNN_DISTANCE = _make("distance")
DAGNN_COORDINATES = _make("coordinates")
