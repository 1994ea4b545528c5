"""Predict geometries from a checkpoint: records or a user's own molecules in, SDF out."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.checkpoints import choose_device, load_checkpoint
from groundstate.errors import GroundstateError
from groundstate.molecules.conformers import conformers_of
from groundstate.molecules.direct import DirectModel, Molecule
from groundstate.molecules.examples import centred
from groundstate.molecules.graph import MoleculeGraph, check_elements, graph_of
from groundstate.molecules.labels import follow_labels
from groundstate.molecules.models import GeometryModel, find_model
from groundstate.molecules.mols import RecordError, mol_from_record, set_positions
from groundstate.molecules.sdf import write_sdf
from groundstate.molecules.settings import EmbedConformers
from groundstate.molecules.soundness import broken_bond
from groundstate.molecules.stereo import match_stereo
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected

CHUNK = 512  # molecules that are held in memory at one time


class Predictor(NamedTuple):
    """A trained model, ready to use."""

    model: GeometryModel | DirectModel
    network: Any  # of a direct model: its state
    elements: list[int] | None  # None: any
    labels: dict[str, dict[str, int]]


class Prediction(NamedTuple):
    """A molecule with its predicted geometry; ``failed`` says why it is the start geometry instead."""

    id: str
    mol: Chem.Mol
    properties: dict[str, object]
    failed: str | None


class _Start(NamedTuple):
    id: str
    mol: Chem.Mol
    graph: MoleculeGraph
    row: dict  # of CONFORMER_SCHEMA


def load_predictor(path: str | Path, device: str = "auto") -> Predictor:
    """Rebuild the model of a checkpoint.

    Raises ``GroundstateError`` where the file is no checkpoint of a geometry model of this version.
    """
    checkpoint = load_checkpoint(path, "geometry")
    model = find_model(checkpoint.config["model"])
    try:
        if isinstance(model, DirectModel):
            state = model.load(checkpoint, choose_device(device))
            return Predictor(model, state, checkpoint.config["elements"], {})
        network = model.build(checkpoint.config)
        network.load_state_dict(checkpoint.state_dict)
    except (RuntimeError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise GroundstateError(
            f"{path}: its weights do not fit the {checkpoint.config['model']!r} model of this version "
            f"({reason}); train again"
        ) from None
    return Predictor(
        model,
        network.to(choose_device(device)).eval(),
        checkpoint.config["elements"],
        checkpoint.config["labels"],
    )


def starts_of(predictor: Predictor) -> str:
    """Which rows of conformers.parquet the model wants: ``etkdg`` or ``mmff``."""
    return (isinstance(predictor.model, DirectModel) and predictor.model.starts) or "mmff"


def predict_records(
    predictor: Predictor,
    records: Iterable[dict],
    starts: Mapping[str, list[dict]] | None,
    rejections: list[Rejection],
    batch_size: int = 64,
    embed: EmbedConformers = EmbedConformers(),
) -> Iterator[Prediction]:
    """Predict one molecule after the other, in input order; what cannot be predicted goes to ``rejections``.

    Parameters
    ----------
    starts
        Rows of conformers.parquet by id; None generates the start geometries here, by ``embed``.
    batch_size
        Molecules computed at once. No effect on results beyond rounding.
    """
    iterator = iter(records)
    if isinstance(predictor.model, DirectModel):
        yield from _predict_directly(predictor, iterator, starts, rejections, batch_size, embed)
        return
    while chunk := list(islice(iterator, CHUNK)):
        ready = []
        for record in chunk:
            try:
                ready.append(_start(record, starts, embed, predictor))
            except RecordError as error:
                rejections.append(Rejection(record["id"], "predict", str(error)))
        for index in range(0, len(ready), batch_size):
            part = ready[index : index + batch_size]
            geometries = predictor.model.predict(
                predictor.network,
                [start.graph for start in part],
                [centred(start.row["positions"]) for start in part],
            )
            for start, positions in zip(part, geometries, strict=True):
                yield _finish(start, positions)


def _predict_directly(
    predictor: Predictor,
    records: Iterator[dict],
    starts: Mapping[str, list[dict]] | None,
    rejections: list[Rejection],
    batch_size: int,
    embed: EmbedConformers,
) -> Iterator[Prediction]:
    method = predictor.model.starts
    while chunk := list(islice(records, batch_size)):
        ready = []
        for record in chunk:
            try:
                mol = mol_from_record(record)
                check_elements(mol, predictor.elements)
                rows = starts.get(record["id"], []) if starts is not None else []
                if starts is None and method:
                    rows = conformers_of(record, embed)
                rows = [row for row in rows if row["method"] == method]
                if method and not rows:
                    raise RecordError("no start geometry: the embed stage rejected it")
                ready.append(Molecule(record, mol, rows))
            except RecordError as error:
                rejections.append(Rejection(record["id"], "predict", str(error)))
        answers = predictor.model.answer(predictor.network, ready)
        for molecule, answer in zip(ready, answers, strict=True):
            smiles = {"smiles": Chem.MolToSmiles(Chem.RemoveHs(molecule.mol))}
            mol = set_positions(molecule.mol, answer.positions)
            failed = {"failed": answer.failed} if answer.failed else {}
            yield Prediction(molecule.record["id"], mol, smiles | answer.properties | failed, answer.failed)


def _start(
    record: dict, starts: Mapping[str, list[dict]] | None, embed: EmbedConformers, predictor: Predictor
) -> _Start:
    mol = mol_from_record(record)
    graph = graph_of(mol, predictor.elements)
    if starts is None:
        rows = [row for row in conformers_of(record, embed) if row["method"] == "mmff"]
    else:
        rows = starts.get(record["id"], [])
    if not rows:
        raise RecordError("no start geometry: the embed stage rejected it")
    row = min(rows, key=lambda row: _order(mol, row))
    positions = follow_labels(mol, row["positions"], predictor.labels)
    return _Start(record["id"], mol, graph, row | {"positions": positions})


def _order(mol: Chem.Mol, row: Mapping) -> tuple[bool, bool, float]:
    """Which conformer to start from: one with the right stereo and sound bonds, then the lowest energy."""
    energy = math.inf if row["energy"] is None else row["energy"]
    return not row["stereo_kept"], broken_bond(mol, row["positions"]) is not None, energy


def _finish(start: _Start, positions: np.ndarray) -> Prediction:
    """The refined geometry where it is sound; else the start, marked."""
    failed = None
    if not start.row["stereo_kept"]:
        failed = "the start geometry does not have the stereo of the input"
    elif broken := broken_bond(start.mol, start.row["positions"]):
        failed = f"the start geometry is broken: {broken}"
    elif broken := broken_bond(start.mol, positions):
        failed = f"refinement broke the molecule: {broken}; this is the start geometry"
    elif not match_stereo(start.mol, positions).complete:
        failed = "refinement changed the stereo; this is the start geometry"
    if failed:
        positions = start.row["positions"]
    properties = {"smiles": Chem.MolToSmiles(Chem.RemoveHs(start.mol)), "origin": start.row["origin"]}
    if failed:
        properties["failed"] = failed
    return Prediction(start.id, set_positions(start.mol, positions), properties, failed)


def write_predictions(
    predictions: Iterable[Prediction],
    output: str | Path,
    rejections: list[Rejection],
    total: int,
    keep_failed: bool,
) -> int:
    """Write the SDF and, beside it, ``rejected.csv``; the number of molecules written.

    ``keep_failed`` writes failed molecules with their start geometry and the property ``failed``, so that a
    score counts them; without it they are rejected: what is in the file then has the stereo of the input.
    """
    output = Path(output)
    progress = Progress("predict geometry", total, "molecules")
    written = 0

    def entries() -> Iterator[tuple[str, Chem.Mol, dict]]:
        nonlocal written
        for prediction in predictions:
            progress.update()
            if prediction.failed and not keep_failed:
                rejections.append(Rejection(prediction.id, "predict", prediction.failed))
                continue
            written += 1
            yield prediction.id, prediction.mol, prediction.properties

    write_sdf(output, entries())
    write_rejected(output.parent / "rejected.csv", rejections)
    return written
