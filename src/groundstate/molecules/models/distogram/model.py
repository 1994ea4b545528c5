"""The ``distogram`` model: the conformer whose distances are likeliest in the data set, as it is."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor, nn

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
    turns_of,
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
    turns: np.ndarray  # (n, n) float32, as ``turns_of``


class DistogramModel(GeometryModel):
    """Learns from references alone; start geometries are for prediction.

    Its likelihood is that of a geometry's distances and turns, each by itself: those of two conformers
    compare, and one alone means little.
    """

    learns_from_starts = False

    def __init__(self, config: dict[str, Any]) -> None:
        super().__init__(config)
        atom_features = len(config["elements"]) + ATOM_FEATURES + 1 + len(config["conventions"])
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
        tables = (one(reference, graph).astype(np.float32) for one in (distances_of, turns_of))
        return DistogramExample(graph, *tables)

    def batch(
        self, examples: Sequence[DistogramExample], generator: torch.Generator | None
    ) -> list[HeavyBatch]:
        """Join examples of like size; draws nothing."""
        some = [[examples[index] for index in group] for group in in_classes([one.graph for one in examples])]
        return [tables_of(*zip(*group, strict=True)) for group in some]

    def loss(self, batch: list[HeavyBatch], generator: torch.Generator) -> tuple[Tensor, dict[str, Tensor]]:
        """Compute the mean over molecules of two means over pairs: of distances and of turns."""
        distances, turns = [], []
        for part in batch:
            apart, turned = self._sums(part, part.distances[:, None], part.turns[:, None])
            distances.append(-apart[:, 0] / part.counted.sum((1, 2)).clamp_min(1))
            turns.append(-turned[:, 0] / part.turns.abs().sum((1, 2)).clamp_min(1))
        one, other = torch.cat(distances).mean(), torch.cat(turns).mean()
        return one + other, {"distances": one.detach(), "turns": other.detach()}

    def _sums(self, batch: HeavyBatch, distances: Tensor, turns: Tensor) -> tuple[Tensor, Tensor]:
        """Sum log-likelihoods over the pairs of each molecule, (m, k), of tables (m, k, n, n).

        A torsion counts as far as it is out of the plane.
        """
        logarithms, logits = self.network(batch)
        found = self.network.log_likelihood(logarithms[:, None], distances) * batch.counted[:, None]
        turned = turns.abs() * nn.functional.logsigmoid(turns.sign() * logits[:, None])
        return found.sum((2, 3)), turned.sum((2, 3))

    @torch.no_grad()
    def log_likelihoods(
        self, mol: Chem.Mol, convention: str | None, geometries: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Give the log-likelihood (geometries,) of distances and turns of each geometry (n, 3), angstrom.

        Zero for a molecule with an element that it has not learned.
        """
        try:
            graph = self.graph(mol, convention)
        except RecordError:
            return np.zeros(len(geometries))
        if len(graph.heavy) < FEWEST:
            return np.zeros(len(geometries))
        apart, turned = (
            np.stack([table(one, graph) for one in geometries]).astype(np.float32)
            for table in (distances_of, turns_of)
        )
        batch = moved(tables_of([graph], [apart[0]], [turned[0]]), self.device)
        one, other = self._sums(
            batch, *(torch.from_numpy(table)[None].to(self.device) for table in (apart, turned))
        )
        return (one + other)[0].double().cpu().numpy()

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
