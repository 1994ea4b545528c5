"""Predict geometries with a trained model: molecules in, checked geometries out, in the same order."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
import torch
from rdkit import Chem

from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.dataset.fragments import STRIPPED
from groundstate.molecules.models.base import GeometryModel, Prediction
from groundstate.molecules.models.calibration import calibrated
from groundstate.molecules.models.domain import check_elements, check_no_metal, outside
from groundstate.molecules.models.examples import Molecule
from groundstate.molecules.mols import RecordError, mol_from_record, set_positions
from groundstate.molecules.stereo import match_stereo
from groundstate.records import Rejection

CHUNK = 512  # molecules that are held in memory at one time

# molecules to the conformer rows of each (of CONFORMER_SCHEMA), in the same order
FindStarts = Callable[[Sequence[Molecule]], Iterable[Sequence[Mapping]]]


class PredictedMolecule(NamedTuple):
    """A geometry of a molecule as it is written; ``failed`` says why it is a start geometry instead."""

    id: str
    mol: Chem.Mol
    properties: dict[str, object]
    failed: str | None


def stored(starts: Mapping[str, Sequence[Mapping]]) -> FindStarts:
    """Look start geometries up by id; none for an id that is not there."""
    return lambda molecules: [starts.get(molecule.id, []) for molecule in molecules]


def molecules_of(records: Iterable[Mapping], rejections: list[Rejection]) -> Iterator[Molecule]:
    """Make the molecules of records; those that cannot be made go to ``rejections``."""
    taken: set[str] = set()
    for number, record in enumerate(records, 1):
        try:
            if record["id"] in taken:
                raise RecordError(f"the id occurs twice (row {number}); the first one is kept")
            mol = mol_from_record(record)
            taken.add(record["id"])
        except RecordError as error:
            rejections.append(Rejection(record["id"] or f"row {number}", "predict", str(error)))
            continue
        mol.RemoveAllConformers()
        yield Molecule(record["id"], mol)


def predict_molecules(
    model: GeometryModel,
    molecules: Iterable[Molecule],
    find_starts: FindStarts,
    rejections: list[Rejection],
    batch_size: int = 64,
    num_geometries: int = 1,
) -> Iterator[list[PredictedMolecule]]:
    """Predict one molecule after the other, in input order; what cannot be predicted goes to ``rejections``.

    Parameters
    ----------
    find_starts
        Gives the start geometries that ``model.starts`` names; not called where it names none.
    batch_size
        Molecules computed at once. No effect on results beyond rounding.
    num_geometries
        Geometries per molecule: the best, then its runners-up where there are any.
    """
    iterator = iter(molecules)
    while chunk := list(islice(iterator, CHUNK)):
        ready = list(_with_starts(model, chunk, find_starts, rejections))
        for index in range(0, len(ready), batch_size):
            part = ready[index : index + batch_size]
            with torch.no_grad():
                predictions = model.predict(part, num_geometries)
            for molecule, ranked in zip(part, predictions, strict=True):
                yield _finished(molecule, ranked, model.config, molecule.convention or model.convention)


def _with_starts(
    model: GeometryModel, molecules: Sequence[Molecule], find_starts: FindStarts, rejections: list[Rejection]
) -> Iterator[Molecule]:
    accepted = []
    for molecule in molecules:
        try:
            if not model.takes_any_element:
                check_elements(molecule.mol, model.config["elements"])
            elif model.config.get("domain"):
                check_no_metal(molecule.mol)
            accepted.append(molecule)
        except RecordError as error:
            rejections.append(Rejection(molecule.id, "predict", str(error)))
    if model.starts is None:
        yield from accepted
        return
    for molecule, rows in zip(accepted, find_starts(accepted), strict=True):
        if rows:
            yield molecule._replace(starts=rows)
        else:
            reason = "no start geometry: the embed stage rejected it"
            rejections.append(Rejection(molecule.id, "predict", reason))


def _finished(
    molecule: Molecule, ranked: Sequence[Prediction], config: Mapping[str, Any], convention: str | None
) -> list[PredictedMolecule]:
    """Keep the sound ones of the predictions, ranked; where the first is not, its start geometry, marked."""
    finished: list[PredictedMolecule] = []
    calibration = config.get("calibrations", {}).get(convention) or config.get("calibration")
    domain = config.get("domain")
    unlike = outside(molecule.mol, domain) if domain else None
    soundness, smiles = Soundness(molecule.mol), _smiles(molecule.mol)
    for prediction in ranked:
        failed, positions = prediction.failed, prediction.positions
        if failed is None and prediction.start is not None:
            failed = _fault(soundness, positions)
            positions = prediction.start if failed else positions
        if failed and finished:
            continue
        properties = {"smiles": smiles, "rank": len(finished) + 1, **prediction.properties}
        if convention:
            properties["convention"] = convention
        if calibration and prediction.evidence is not None:
            properties["error_estimate"] = f"{calibrated(prediction.evidence, calibration):.3f}"
        if domain:
            properties["domain"] = f"outside: {unlike}" if unlike else "inside"
        if molecule.mol.HasProp(STRIPPED):
            properties[STRIPPED] = molecule.mol.GetProp(STRIPPED)
        if failed:
            properties["failed"] = failed
        mol = set_positions(molecule.mol, positions)
        finished.append(PredictedMolecule(molecule.id, mol, properties, failed))
    return finished


def _smiles(mol: Chem.Mol) -> str:
    return Chem.MolToSmiles(Chem.RemoveHs(mol))


def _fault(soundness: Soundness, positions: np.ndarray) -> str | None:
    if broken := soundness.fault(positions):
        return f"refinement broke the molecule: {broken}; this is the start geometry"
    if not match_stereo(soundness.mol, positions).complete:
        return "refinement changed the stereo; this is the start geometry"
    return None
