"""The ``distogram`` model: the conformer whose distances are likeliest in the data set, as it is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from groundstate.molecules.conformers.candidates import candidates_of
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES
from groundstate.molecules.models.base import GeometryModel, Prediction, moved
from groundstate.molecules.models.distogram.graph import (
    HeavyBatch,
    HeavyGraph,
    distances_of,
    heavy_graph,
    in_classes,
    tables_of,
)
from groundstate.molecules.models.distogram.network import Distogram
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.models.graphs.graph import ATOM_FEATURES
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.mols import RecordError
from groundstate.training.settings import TrainingSettings

FEWEST = 4  # heavy atoms: fewer have no distance that bonds and angles leave open


class DistogramExample(NamedTuple):
    """One molecule to learn from."""

    graph: HeavyGraph
    distances: np.ndarray  # (n, n) float32, angstrom


class DistogramModel(GeometryModel):
    """Learns from references alone; start geometries are for prediction.

    Its likelihood is that of a geometry's distances, each by itself: those of two conformers compare, and one
    alone means little.
    """

    learns_from_starts = False

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        atom_features = len(config["elements"]) + ATOM_FEATURES + len(config["conventions"])
        self.network = Distogram(atom_features, **config["network"])

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Give the sizes of the network and the names of the data sets, where there are several."""
        sizes = settings.distogram.model_dump(exclude={"training"})
        return {"network": sizes, "conventions": list(molecules.parts)}

    @classmethod
    def training_settings(cls, settings: TrainGeometry) -> TrainingSettings:
        """Give the section of this network, which has many small steps."""
        return settings.distogram.training

    def graph(self, mol: Chem.Mol, convention: str | None) -> HeavyGraph:
        """Make the graph; every atom carries the convention. Errors as ``heavy_graph``."""
        marks = [float(one == convention) for one in self.config["conventions"]]
        return heavy_graph(mol, self.config["elements"], marks)

    def example(self, molecule: Molecule, reference: np.ndarray) -> DistogramExample | None:
        """Graph and distances; None for a molecule without an open distance."""
        if super().example(molecule, reference) is None:
            return None
        try:
            graph = self.graph(molecule.mol, molecule.convention)
        except RecordError:
            return None
        if len(graph.heavy) < FEWEST:
            return None
        return DistogramExample(graph, distances_of(reference, graph).astype(np.float32))

    def batch(
        self, examples: Sequence[DistogramExample], generator: torch.Generator | None
    ) -> list[HeavyBatch]:
        """Join examples of like size; draws nothing."""
        some = [[examples[index] for index in group] for group in in_classes([one.graph for one in examples])]
        return [tables_of([one.graph for one in group], [one.distances for one in group]) for group in some]

    def loss(self, batch: list[HeavyBatch], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the mean over molecules of the mean over pairs of the negative log-likelihood."""
        means = [
            -self._sums(part, part.distances[:, None])[:, 0] / part.counted.sum((1, 2)).clamp_min(1)
            for part in batch
        ]
        loss = torch.cat(means).mean()
        return loss, {"negative_log_likelihood": loss.detach()}

    def _sums(self, batch: HeavyBatch, distances: Tensor) -> Tensor:
        """Sum over the pairs of each molecule, (m, k), for ``distances`` (m, k, n, n)."""
        logarithms = self.network(batch)[:, None]
        return (self.network.log_likelihood(logarithms, distances) * batch.counted[:, None]).sum((2, 3))

    @torch.no_grad()
    def log_likelihoods(
        self, mol: Chem.Mol, convention: str | None, geometries: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Give the log-likelihood (geometries,) of the open distances of each geometry (n, 3), angstrom.

        Zero for a molecule with an element that it has not learned.
        """
        try:
            graph = self.graph(mol, convention)
        except RecordError:
            return np.zeros(len(geometries))
        if len(graph.heavy) < FEWEST:
            return np.zeros(len(geometries))
        tables = np.stack([distances_of(one, graph) for one in geometries]).astype(np.float32)
        batch = moved(tables_of([graph], [tables[0]]), self.device)
        found = self._sums(batch, torch.from_numpy(tables)[None].to(self.device))
        return found[0].double().cpu().numpy()

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Order the conformers of each molecule, likeliest first; no geometry is changed."""
        predictions: list[list[Prediction]] = []
        for one in molecules:
            whole = one.with_hydrogens()
            some = candidates_of(whole.mol, whole.starts, NO_RULES)
            name = one.convention or self.convention
            scores = self.log_likelihoods(whole.mol, name, some.positions)
            order = np.argsort(-scores, kind="stable")[:keep]
            made = [
                Prediction(some.positions[k], {"origin": some.rows[k]["origin"]}, some.failed) for k in order
            ]
            predictions.append([one.of_atoms(molecules[len(predictions)].mol.GetNumAtoms()) for one in made])
        return predictions
