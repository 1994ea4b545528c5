"""``mean-distance``: the mean of the training part by (two elements, bonds between), to be beaten."""

from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem

from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.models.answer import Answer
from groundstate.molecules.models.direct import DirectModel, Molecule, TrainingRun
from groundstate.molecules.models.distance_answers import answer_from_distances
from groundstate.molecules.models.untrained import write_checkpoint
from groundstate.molecules.mols import mol_from_record
from groundstate.progress import track
from groundstate.training.checkpoints import Checkpoint

Table = dict[str, float]


def train(run: TrainingRun, name: str) -> None:
    """Count the table and write it as the checkpoint's settings."""
    records = RecordPart(run.records, run.splits, run.split, "train")
    elements: set[int] = set()
    sums: dict[str, list[float]] = {}
    for record in track(records, "train part", len(records), "molecules"):
        elements.update(record["atomic_numbers"])
        positions = np.array(record["positions"])
        for key, (i, j) in _pairs(mol_from_record(record)):
            length = float(np.linalg.norm(positions[i] - positions[j]))
            for entry in (key, key.rpartition(" ")[2]):
                pair = sums.setdefault(entry, [0.0, 0])
                pair[0] += length
                pair[1] += 1
    table = {key: total / count for key, (total, count) in sorted(sums.items())}
    write_checkpoint(run, name, sorted(elements), table=table)


def load(checkpoint: Checkpoint, device: torch.device) -> Table:
    """The table."""
    return checkpoint.config["table"]


def answer(table: Table, molecules: Sequence[Molecule]) -> list[Answer]:
    """Tables of means. Elements not in it take the mean of their number of bonds; pairs farther apart than
    any in it, that of the farthest."""
    farthest = max((int(key) for key in table if " " not in key), default=0)
    answers = []
    for molecule in molecules:
        distances = np.zeros([molecule.mol.GetNumAtoms()] * 2)
        for key, (i, j) in _pairs(molecule.mol):
            separation = min(int(key.rpartition(" ")[2]), farthest)
            distances[i, j] = distances[j, i] = table.get(key, table.get(str(separation), 0.0))
        answers.append(answer_from_distances(distances))
    return answers


def _pairs(mol: Chem.Mol) -> list[tuple[str, tuple[int, int]]]:
    """("C H 2", (i, j)) of every pair i < j: elements in alphabetic order, bonds between."""
    symbols = [atom.GetSymbol() for atom in list(mol.GetAtoms())]
    separation = Chem.GetDistanceMatrix(mol)
    return [
        (" ".join([*sorted((symbols[i], symbols[j])), str(int(separation[i, j]))]), (i, j))
        for i in range(len(symbols))
        for j in range(i + 1, len(symbols))
    ]


MEAN_DISTANCE = DirectModel(train, load, answer)
