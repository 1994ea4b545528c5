"""Predict geometries from a checkpoint: records or a user's own molecules in, SDF out."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.candidates import Candidates, Guess, candidates_of
from groundstate.molecules.models.answer import Answer
from groundstate.molecules.models.calibration import calibrated
from groundstate.molecules.models.direct import DirectModel, Molecule
from groundstate.molecules.models.gaunt.graph import check_elements, graph_of
from groundstate.molecules.models.registry import GeometryModel, find_model
from groundstate.molecules.mols import RecordError, mol_from_record, set_positions
from groundstate.molecules.sdf import write_sdf
from groundstate.molecules.soundness import broken_bond
from groundstate.molecules.stereo import match_stereo
from groundstate.progress import Progress
from groundstate.records import Rejection, write_rejected
from groundstate.training.checkpoints import choose_device, load_checkpoint

CHUNK = 512  # molecules that are held in memory at one time

# records to the conformer rows of each (of CONFORMER_SCHEMA), in the same order
FindStarts = Callable[[Sequence[dict]], Iterable[list[dict]]]


class Predictor(NamedTuple):
    """A trained model, ready to use."""

    model: GeometryModel | DirectModel
    network: Any  # of a direct model: its state
    elements: list[int] | None  # None: any
    labels: dict[str, dict[str, int]]
    calibration: dict[str, list[float]] | None  # risk -> error, both ascending


class Prediction(NamedTuple):
    """A predicted geometry of a molecule; ``failed`` says why it is a start geometry instead."""

    id: str
    mol: Chem.Mol
    properties: dict[str, object]
    failed: str | None


def load_predictor(path: str | Path, device: str = "auto") -> Predictor:
    """Rebuild the model of a checkpoint.

    Raises ``GroundstateError`` where the file is no checkpoint of a geometry model of this version.
    """
    checkpoint = load_checkpoint(path, "geometry")
    config = checkpoint.config
    model = find_model(config["model"])
    try:
        if isinstance(model, DirectModel):
            state = model.load(checkpoint, choose_device(device))
            return Predictor(model, state, config["elements"], {}, None)
        network = model.build(config)
        network.load_state_dict(checkpoint.state_dict)
    except (RuntimeError, TypeError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise GroundstateError(
            f"{path}: its weights do not fit the {config['model']!r} model of this version "
            f"({reason}); train again"
        ) from None
    network = network.to(choose_device(device)).eval()
    return Predictor(model, network, config["elements"], config["labels"], config.get("calibration"))


def stored(starts: Mapping[str, list[dict]]) -> FindStarts:
    """Look rows up by id; none for an id that is not there."""
    return lambda records: [starts.get(record["id"], []) for record in records]


def starts_of(predictor: Predictor) -> str | None:
    """Which rows of conformers.parquet the model wants: ``etkdg``, ``mmff``, or none."""
    return predictor.model.starts if isinstance(predictor.model, DirectModel) else "mmff"


def predict_records(
    predictor: Predictor,
    records: Iterable[dict],
    find_starts: FindStarts,
    rejections: list[Rejection],
    batch_size: int = 64,
    keep: int = 1,
) -> Iterator[list[Prediction]]:
    """Predict one molecule after the other, in input order; what cannot be predicted goes to ``rejections``.

    Parameters
    ----------
    find_starts
        Gives the rows that ``starts_of(predictor)`` names.
    batch_size
        Molecules computed at once. No effect on results beyond rounding.
    keep
        Geometries of a molecule: the best, then its runners-up where there are any.
    """
    iterator = iter(records)
    while chunk := list(islice(iterator, CHUNK)):
        ready = list(_molecules(predictor, chunk, find_starts, rejections))
        for index in range(0, len(ready), batch_size):
            part = ready[index : index + batch_size]
            if isinstance(predictor.model, DirectModel):
                answers = predictor.model.answer(predictor.network, part)
                yield from map(_direct, part, answers)
                continue
            graphs = [graph_of(one.mol, predictor.elements) for one in part]
            candidates = [candidates_of(one.mol, one.starts, predictor.labels) for one in part]
            guesses = predictor.model.predict(predictor.network, graphs, candidates, keep)
            for molecule, some, ranked in zip(part, candidates, guesses, strict=True):
                yield _finish(molecule, some, ranked, predictor)


def _molecules(
    predictor: Predictor, records: list[dict], find_starts: FindStarts, rejections: list[Rejection]
) -> Iterator[Molecule]:
    known: list[tuple[dict, Chem.Mol | None]] = []
    for record in records:
        try:
            mol = mol_from_record(record)
            check_elements(mol, predictor.elements)
            known.append((record, mol))
        except RecordError as error:
            known.append((record, None))
            rejections.append(Rejection(record["id"], "predict", str(error)))
    known = [(record, mol) for record, mol in known if mol is not None]
    wants = starts_of(predictor) is not None
    found = find_starts([record for record, _ in known]) if wants else ([] for _ in known)
    for (record, mol), rows in zip(known, found, strict=True):
        if wants and not rows:
            reason = "no start geometry: the embed stage rejected it"
            rejections.append(Rejection(record["id"], "predict", reason))
        else:
            yield Molecule(record, mol, rows)


def _direct(molecule: Molecule, answer: Answer) -> list[Prediction]:
    properties = {"smiles": _smiles(molecule.mol)} | answer.properties
    if answer.failed:
        properties["failed"] = answer.failed
    mol = set_positions(molecule.mol, answer.positions)
    return [Prediction(molecule.record["id"], mol, properties, answer.failed)]


def _finish(
    molecule: Molecule, candidates: Candidates, guesses: list[Guess], predictor: Predictor
) -> list[Prediction]:
    """The sound ones of the guesses, ranked; where the first is not, its start geometry, marked."""
    predictions = []
    for guess in guesses:
        failed = _fault(molecule.mol, candidates, guess.positions)
        if failed and predictions:
            continue
        properties = {
            "smiles": _smiles(molecule.mol),
            "rank": len(predictions) + 1,
            "origin": candidates.rows[guess.candidate]["origin"],
            "chance": f"{guess.chance:.3f}",
        }
        if predictor.calibration:
            properties["error_estimate"] = f"{calibrated(guess.risk, predictor.calibration):.3f}"
        if failed:
            properties["failed"] = failed
        positions = candidates.positions[guess.candidate] if failed else guess.positions
        predictions.append(
            Prediction(molecule.record["id"], set_positions(molecule.mol, positions), properties, failed)
        )
    return predictions


def _smiles(mol: Chem.Mol) -> str:
    return Chem.MolToSmiles(Chem.RemoveHs(mol))


def _fault(mol: Chem.Mol, candidates: Candidates, positions: np.ndarray) -> str | None:
    if candidates.failed:
        return f"the start geometry is not sound: {candidates.failed}"
    if broken := broken_bond(mol, positions):
        return f"refinement broke the molecule: {broken}; this is the start geometry"
    if not match_stereo(mol, positions).complete:
        return "refinement changed the stereo; this is the start geometry"
    return None


def write_predictions(
    predictions: Iterable[list[Prediction]],
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
        for ranked in predictions:
            progress.update()
            first = ranked[0]
            if first.failed and not keep_failed:
                rejections.append(Rejection(first.id, "predict", first.failed))
                continue
            written += 1
            for prediction in ranked:
                yield prediction.id, prediction.mol, prediction.properties

    write_sdf(output, entries())
    write_rejected(output.parent / "rejected.csv", rejections)
    return written
