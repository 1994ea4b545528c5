"""``mean-distance``: the mean of the training part by (two elements, bonds between), to be beaten."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from rdkit import Chem

from groundstate.molecules.models.base import GeometryModel, Prediction
from groundstate.molecules.models.dagnn.distance_geometry import prediction_from_distances
from groundstate.molecules.models.examples import Molecule, TrainingPart
from groundstate.molecules.models.settings import TrainGeometry


class MeanDistance(GeometryModel):
    """A table of mean distances, in angstrom, by pair and by bonds between its atoms."""

    starts = None

    @classmethod
    def own_config(cls, molecules: TrainingPart, settings: TrainGeometry) -> dict[str, Any]:
        """Count the table."""
        sums: dict[str, list[float]] = {}
        for molecule, positions in molecules:
            for key, (i, j) in _pairs(molecule.mol):
                length = float(np.linalg.norm(positions[i] - positions[j]))
                for entry in (key, key.rpartition(" ")[2]):
                    pair = sums.setdefault(entry, [0.0, 0])
                    pair[0] += length
                    pair[1] += 1
        return {"table": {key: total / count for key, (total, count) in sorted(sums.items())}}

    def predict(self, molecules: Sequence[Molecule], keep: int) -> list[list[Prediction]]:
        """Tables of means.

        Elements not in the table take the mean of their number of bonds; pairs farther apart than any in it,
        that of the farthest.
        """
        table: dict[str, float] = self.config["table"]
        farthest = max((int(key) for key in table if " " not in key), default=0)
        predictions = []
        for molecule in molecules:
            distances = np.zeros([molecule.mol.GetNumAtoms()] * 2)
            for key, (i, j) in _pairs(molecule.mol):
                separation = min(int(key.rpartition(" ")[2]), farthest)
                distances[i, j] = distances[j, i] = table.get(key, table.get(str(separation), 0.0))
            predictions.append([prediction_from_distances(distances)])
        return predictions


def _pairs(mol: Chem.Mol) -> list[tuple[str, tuple[int, int]]]:
    """("C H 2", (i, j)) of every pair i < j: elements in alphabetic order, bonds between."""
    symbols = [atom.GetSymbol() for atom in list(mol.GetAtoms())]
    separation = Chem.GetDistanceMatrix(mol)
    return [
        (" ".join([*sorted((symbols[i], symbols[j])), str(int(separation[i, j]))]), (i, j))
        for i in range(len(symbols))
        for j in range(i + 1, len(symbols))
    ]
