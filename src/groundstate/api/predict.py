"""Ground-state geometries of molecules: ``groundstate.predict``, and ``groundstate predict geometry``."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NamedTuple, get_args

import pandas as pd

from groundstate.api.inputs import entries_of
from groundstate.api.tables import table
from groundstate.api.weights import checkpoint_of
from groundstate.errors import GroundstateError
from groundstate.ground_states.levels import Level
from groundstate.ground_states.predictions import chosen_by_energy
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.conformers.embed import conformer_maker
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.fragments import STRIPPED
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.molecules.dataset.requests import Stereo, molecules_of_entries, read_requests
from groundstate.molecules.dataset.settings import MAX_ATOMS, Fragments
from groundstate.molecules.models.base import GeometryModel
from groundstate.molecules.models.examples import Molecule, read_starts
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import PredictedMolecule, molecules_of, predict_molecules, stored
from groundstate.molecules.models.write import NUMBERS, Written, write_predictions
from groundstate.progress import track
from groundstate.records import MOLECULE_SCHEMA, Rejection, read_records, read_split
from groundstate.settings import check_choice, check_numbers
from groundstate.subset import fixed_subset
from groundstate.training.checkpoints import choose_device

DEFINITIONS = {
    "id": "id of the molecule; isomers of one with open stereo are ID-1, ID-2, ...",
    "rank": "1 is the best geometry of the molecule, then its runners-up",
    "smiles": "isomeric SMILES",
    "mol": "RDKit molecule with all hydrogens and the predicted geometry, angstrom",
    "error_estimate": "expected RMSD of the heavy atoms, angstrom",
    "convention": "data set whose geometries are meant, of a model of several",
    "domain": "whether the molecule is like those of the training; outside, the error estimate is a guess",
    "method": "what ranked the geometries by energy",
    "relative_energy_kcal": "energy above the best geometry of the molecule, kcal/mol",
    "energy_note": "what did not go as asked when energies were taken",
    "origin": "where the start geometry came from",
    "failed": "why the geometry is a start geometry and not a prediction",
    STRIPPED: "SMILES of what was taken off a salt or mixture",
}
OPTIONAL = DEFINITIONS.keys() - {"id", "rank", "smiles", "mol"}


@dataclass(frozen=True)
class Choices:
    """How geometries are predicted: the options of ``groundstate predict geometry``, see ``predict``."""

    num_geometries: int = 1
    num_conformers: int = 10
    level: Level = "fast"
    energy_window: float | None = None
    seed: int = 0
    batch_size: int = 64
    workers: int | None = 1


class Requests(NamedTuple):
    """What a file asks for: its path, ids, molecules in the same order, and what of it cannot be read."""

    path: Path
    ids: list[str]
    molecules: Iterable[Molecule]
    rejections: list[Rejection]


def predict(
    molecules: object,
    *,
    checkpoint: str | Path | None = None,
    model: str | None = None,
    convention: str | None = None,
    num_geometries: int = 1,
    num_conformers: int = 10,
    level: Level = "fast",
    energy_window: float | None = None,
    stereo: Stereo = "enumerate",
    fragments: Fragments = "refuse",
    max_atoms: int = MAX_ATOMS,
    seed: int = 0,
    batch_size: int = 64,
    workers: int | None = 1,
    device: str = "auto",
) -> pd.DataFrame:
    """Predict ground-state geometries of molecules.

    Parameters
    ----------
    molecules
        SMILES, RDKit molecules, ASE atoms or pymatgen molecules: one, a list, or a mapping or pandas Series
        of id to molecule; or the ``Path`` of a .smi, .csv or .sdf. Geometries serve for stereo alone.
    checkpoint
        ``best.ckpt`` of a training, or the name of shipped weights; by default the shipped ones.
    model
        Needed where the checkpoint's model is a plug-in: ``package.module:Class``.
    convention
        Whose geometries are meant, where the model was trained on several data sets; default: the first.
    num_geometries
        Geometries per molecule: the best, then its runners-up.
    num_conformers
        Start geometries per molecule, among which the model chooses.
    level
        How the best is chosen: ``fast``, by the network alone; ``standard``, by AIMNet2 energies of its
        geometries, those near the lowest followed for twelve steps; ``thorough``, after relaxing the three
        lowest. MMFF94 where AIMNet2 does not know one.
    energy_window
        Leave out geometries further above the best, kcal/mol; not with ``fast``.
    stereo
        Stereo that is not fully marked: ``enumerate`` gives every isomer, ``refuse`` rejects the molecule.
    fragments
        Salts and mixtures: ``refuse``, or ``largest`` molecule, said in ``stripped``.
    max_atoms
        Most atoms of a molecule, hydrogens included.
    seed
        Of the start geometries.
    batch_size, workers
        Molecules at once; processes that make start geometries (None: all cores). No effect on results.
    device
        ``auto``, ``cpu`` or ``cuda``.

    Returns
    -------
    pandas.DataFrame
        One row a geometry, in the order of the input; ``attrs["definitions"]`` says what the columns are,
        ``attrs["rejected"]`` which molecules have no row, and why.

    Raises
    ------
    GroundstateError
        Where nothing could be predicted, and for a wrong option.

    Examples
    --------
    >>> import groundstate
    >>> table = groundstate.predict(["CCO", "c1ccccc1"])  # doctest: +SKIP
    >>> table.mol[0].GetConformer().GetPositions()  # doctest: +SKIP
    """
    check_choice("level", level, get_args(Level))
    check_choice("stereo", stereo, get_args(Stereo))
    check_choice("fragments", fragments, get_args(Fragments))
    check_numbers(("num_geometries", num_geometries, 1), ("num_conformers", num_conformers, 1))
    check_numbers(("energy_window", energy_window, 0), ("batch_size", batch_size, 1), ("workers", workers, 1))
    check_numbers(("seed", seed, 0))
    rejections: list[Rejection] = []
    if isinstance(molecules, Path):
        found = read_requests(molecules, rejections, stereo, fragments, max_atoms)
    else:
        found = molecules_of_entries(entries_of(molecules), rejections, stereo, fragments, max_atoms)
    if not found and not rejections:
        raise GroundstateError("there is no molecule to predict")
    path = checkpoint_of("geometry", checkpoint)
    trained = load_model(path, choose_device(device), model, convention)
    choices = Choices(num_geometries, num_conformers, level, energy_window, seed, batch_size, workers)
    requested = [Molecule(name, mol) for name, mol in found]
    rows = []
    with predictions(trained, requested, choices, rejections) as predicted:
        for ranked in track(predicted, "predict", len(requested), "molecules"):
            if ranked[0].failed:
                rejections.append(Rejection(ranked[0].id, "predict", ranked[0].failed))
            else:
                rows += [_row(one) for one in ranked]
    return table(rows, DEFINITIONS, rejections, OPTIONAL, checkpoint=str(path), seed=seed, level=level)


def _row(one: PredictedMolecule) -> dict[str, Any]:
    numbers = {name: float(str(one.properties[name])) for name in NUMBERS if name in one.properties}
    return {"id": one.id, "mol": one.mol, **one.properties, **numbers}


@contextmanager
def predictions(
    model: GeometryModel,
    molecules: Iterable[Molecule],
    choices: Choices,
    rejections: list[Rejection],
    conformers: Callable[[str], dict] | None = None,
) -> Iterator[Iterator[Sequence[PredictedMolecule]]]:
    """Give the predictions of molecules, best geometry first, as they are made; see ``predict``.

    Parameters
    ----------
    conformers
        Reads the start geometries of a method by id; None makes them.
    """
    with ExitStack() as stack:
        if model.starts is None:
            find_starts = stored({})
        elif conformers is not None:
            find_starts = stored(conformers(model.starts))
        else:
            settings = EmbedConformers(num_conformers=choices.num_conformers, seed=choices.seed)
            cores = choices.workers or len(os.sched_getaffinity(0))
            make = stack.enter_context(conformer_maker(settings, cores, model.starts))
            find_starts = lambda some: make([(one.id, one.mol) for one in some])  # noqa: E731
        count, level = choices.num_geometries, choices.level
        proposed = count if level == "fast" else max(count, choices.num_conformers)
        made: Iterator[Sequence[PredictedMolecule]] = predict_molecules(
            model, molecules, find_starts, rejections, choices.batch_size, proposed
        )
        if level != "fast":
            potentials = [find_molecular_potential(name) for name in ("aimnet2", "mmff94")]
            made = chosen_by_energy(made, level, potentials, count, choices.energy_window)
        yield made


def read_file(
    path: Path,
    stereo: Stereo,
    fragments: Fragments,
    max_atoms: int,
    splits: Path | None = None,
    split: Literal["random", "scaffold"] = "random",
    part: Literal["train", "validation", "test"] = "test",
) -> Requests:
    """Read records, with ``splits`` one part of them, or a user's own molecules."""
    rejections: list[Rejection] = []
    if path.suffix != ".parquet":
        found = read_requests(path, rejections, stereo, fragments, max_atoms)
        return Requests(path, [name for name, _ in found], (Molecule(*one) for one in found), rejections)
    chosen = None
    if splits:
        rows = RecordFile(path, MOLECULE_SCHEMA).columns("id")
        chosen = read_split(splits, split, part, (row["id"] for row in rows if row["id"]))
    records = read_records(path, MOLECULE_SCHEMA, chosen)
    return Requests(path, [record["id"] for record in records], molecules_of(records, rejections), rejections)


def predict_file(
    requests: Requests,
    output: Path,
    model: GeometryModel,
    choices: Choices,
    conformers: Path | None = None,
    subset: int | None = None,
) -> Written:
    """Predict what a file asks for and write it, molecule by molecule, with what was rejected beside it.

    Parameters
    ----------
    conformers
        Start from these; molecules that fail are then kept, marked as failed.
    subset
        Predict so many only, the same ones every time.

    Raises
    ------
    GroundstateError
        Where there is nothing to predict.
    """
    path, ids, molecules, rejections = requests
    if subset is not None:
        chosen = fixed_subset(ids, subset)
        ids = [name for name in ids if name in chosen]
        molecules = (molecule for molecule in molecules if molecule.id in chosen)
    if not ids and not rejections:
        raise GroundstateError(f"{path}: there is no molecule to predict; check --splits and --part")
    starts = None
    if conformers is not None:
        starts = lambda method: read_starts(conformers, ids, method)  # noqa: E731
    with predictions(model, molecules, choices, rejections, starts) as predicted:
        return write_predictions(predicted, output, rejections, len(ids), keep_failed=conformers is not None)
