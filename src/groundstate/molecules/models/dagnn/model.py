"""``dagnn-distance``, ``dagnn-coordinates``: the networks of the Molecule3D paper as geometry models."""

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor

from groundstate.molecules.models.base import GeometryModel, Prediction, moved
from groundstate.molecules.models.dagnn.distance_geometry import prediction_from_distances
from groundstate.molecules.models.dagnn.features import IntegerBatch, IntegerGraph, integer_graph, join
from groundstate.molecules.models.dagnn.network import Dagnn, Head
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.training.settings import TrainingSettings


class DagnnBatch(NamedTuple):
    """What a training step sees."""

    graph: IntegerBatch
    target: Tensor  # (P,) distances, angstrom


class DagnnExample(NamedTuple):
    """One molecule to learn from."""

    graph: IntegerGraph
    positions: np.ndarray  # (n, 3) float32, angstrom


class DagnnDistance(GeometryModel):
    """Graph to a table of distances, which need not fit any points."""

    head: ClassVar[Head] = "distance"
    starts = None

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        self.network = Dagnn(**config["network"], head=self.head)

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Sizes of the network and the weight of the absolute error in its loss."""
        sizes = settings.dagnn.model_dump(exclude={"training", "absolute_weight"})
        return {"network": sizes, "absolute_weight": settings.dagnn.absolute_weight}

    @classmethod
    def training_settings(cls, settings: TrainGeometry) -> TrainingSettings:
        """Give the section of these networks, which need more steps than others."""
        return settings.dagnn.training

    def example(self, molecule: Molecule, reference: np.ndarray) -> DagnnExample | None:
        """Graph and positions of a molecule of more than one atom."""
        if len(reference) < 2:
            return None
        return DagnnExample(integer_graph(molecule.mol), reference.astype(np.float32))

    def batch(self, examples: Sequence[DagnnExample], generator: torch.Generator | None) -> DagnnBatch:
        """Join graphs, with the distances of the reference as the target."""
        graph = join([example.graph for example in examples])
        points = torch.from_numpy(np.concatenate([example.positions for example in examples]))
        return DagnnBatch(graph, (points[graph.pairs[0]] - points[graph.pairs[1]]).norm(dim=-1))

    def loss(self, batch: DagnnBatch, generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Mean square over the pairs of the batch, as in the paper, and so much of the MAE; the MAE alone."""
        errors = self.network(batch.graph)[0] - batch.target
        mae = errors.abs().mean()
        return errors.square().mean() + self.config["absolute_weight"] * mae, {"mae": mae}

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Points where the head makes points; else distances, and points by multidimensional scaling."""
        graph = moved(join([integer_graph(molecule.mol) for molecule in molecules]), self.device)
        with torch.no_grad():
            distances, points = self.network(graph)
        sizes = [molecule.mol.GetNumAtoms() for molecule in molecules]
        if points is not None:
            return [[Prediction(part.double().cpu().numpy())] for part in points.split(sizes)]
        predictions = []
        for size, part in zip(sizes, distances.split([n * (n - 1) // 2 for n in sizes]), strict=True):
            table = np.zeros((size, size))
            table[np.triu_indices(size, 1)] = part.double().cpu().numpy()
            predictions.append([prediction_from_distances(table + table.T)])
        return predictions


class DagnnCoordinates(DagnnDistance):
    """Graph to points; trained on their distances, so that the hand is never learned."""

    head = "coordinates"
