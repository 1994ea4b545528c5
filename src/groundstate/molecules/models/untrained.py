"""Geometry models without weights: RDKit's embedding, MMFF94 minima, GFN2-xTB minima."""

import json
import time
from collections.abc import Callable, Sequence

import torch
from rdkit import Chem

from groundstate.files import write_text
from groundstate.molecules.conformers.choice import embedding_failure, lowest
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.models.answer import Answer
from groundstate.molecules.models.direct import DirectModel, Molecule, TrainingRun
from groundstate.molecules.soundness import broken_bond
from groundstate.molecules.stereo import match_stereo
from groundstate.potentials.gfn2 import relax_gfn2
from groundstate.provenance import write_provenance
from groundstate.training.checkpoints import Checkpoint, save_checkpoint


def write_checkpoint(run: TrainingRun, name: str, elements: list[int] | None, **settings: object) -> None:
    """Write the files of a training for a model without weights: its checkpoints hold ``settings`` alone."""
    started = time.time()
    config = {"kind": "geometry", "model": name, "elements": elements, **settings}
    content = {"groundstate": {"config": json.dumps(config), "step": 0}, "state_dict": {}}
    for file in ("best.ckpt", "last.ckpt"):
        save_checkpoint(content, run.output / file)
    write_text(run.output / "training.csv", "step,train_loss,validation_loss\n")
    facts = {"config": config, "settings": {}, "seed": run.seed, "parameters": 0}
    write_provenance(run.output / "provenance.json", started, [run.records, run.splits], **facts)


def _untrained(run: TrainingRun, name: str) -> None:
    write_checkpoint(run, name, None)


def settings_of(checkpoint: Checkpoint, device: torch.device) -> dict:
    """The state of a model that is its settings."""
    return checkpoint.config


def answer_of(row: dict) -> Answer:
    """A start geometry as the prediction; failed where the embedding failed."""
    return Answer(row["positions"], {"origin": row["origin"]}, embedding_failure(row))


def _picks(pick: Callable[[Sequence[dict]], dict], method: str) -> DirectModel:
    def answer(state: dict, molecules: Sequence[Molecule]) -> list[Answer]:
        return [answer_of(pick(molecule.starts)) for molecule in molecules]

    return DirectModel(_untrained, settings_of, answer, method)


ETKDG = _picks(lambda rows: rows[0], "etkdg")
MMFF = _picks(lambda rows: rows[0], "mmff")
MMFF_LOWEST = _picks(lowest, "mmff")


def _without_stereo(state: dict, molecules: Sequence[Molecule]) -> list[Answer]:
    """One embedding of each graph with its stereo marks taken off, as without knowledge of stereo."""
    answers = []
    for molecule in molecules:
        bare = Chem.RemoveHs(molecule.mol)
        Chem.RemoveStereochemistry(bare)
        record = molecule.record | {"positions": None, "smiles": Chem.MolToSmiles(bare)}
        answers.append(answer_of(conformers_of(record, EmbedConformers(force_field_steps=0))[0]))
    return answers


ETKDG_NOSTEREO = DirectModel(_untrained, settings_of, _without_stereo)


def _xtb(state: dict, molecules: Sequence[Molecule]) -> list[Answer]:
    """The GFN2-xTB minimum below the lowest MMFF94 minimum; that one where the way breaks the molecule."""
    answers = []
    for molecule in molecules:
        start = answer_of(lowest(molecule.starts))
        minimum, failed = None, start.failed
        if any(atom.GetTotalNumHs() for atom in list(molecule.mol.GetAtoms())):
            failed = "hydrogens are missing; this is the MMFF94 geometry"
        elif (minimum := relax_gfn2(molecule.mol, start.positions)) is None:
            failed = "GFN2-xTB does not converge; this is the MMFF94 geometry"
        elif broken := broken_bond(molecule.mol, minimum.positions):
            failed, minimum = f"GFN2-xTB broke the molecule: {broken}; this is the MMFF94 geometry", None
        elif not failed and not match_stereo(molecule.mol, minimum.positions).complete:
            failed, minimum = "GFN2-xTB changed the stereo; this is the MMFF94 geometry", None
        positions = start.positions if minimum is None else minimum.positions
        answers.append(Answer(positions, start.properties, failed))
    return answers


XTB = DirectModel(_untrained, settings_of, _xtb, "mmff")
