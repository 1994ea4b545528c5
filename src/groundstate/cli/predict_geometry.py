"""Command ``groundstate predict geometry``."""

import os
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.errors import GroundstateError
from groundstate.files import rejected_file
from groundstate.ground_states.predictions import chosen_by_energy
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.conformers.embed import conformer_maker
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.molecules.dataset.requests import read_requests
from groundstate.molecules.dataset.settings import MAX_ATOMS
from groundstate.molecules.models.examples import Molecule, read_starts
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.models.write import check_output, write_predictions
from groundstate.outputs import refuse_inputs
from groundstate.records import MOLECULE_SCHEMA, Rejection, read_records, read_split
from groundstate.subset import fixed_subset
from groundstate.training.checkpoints import choose_device
from groundstate.training.settings import MAX_THREADS


def command(
    input: Annotated[Path, typer.Option(help="records.parquet, or your own .smi, .csv or .sdf")],
    checkpoint: Annotated[Path, typer.Option(help="best.ckpt of the train stage")],
    output: Annotated[
        Path,
        typer.Option(help="File to write, .sdf, .xyz, .extxyz or .parquet; NAME.rejected.csv goes beside it"),
    ],
    model: Annotated[
        str | None,
        typer.Option(help="Name of the checkpoint's model; needed for package.module:Class of your own"),
    ] = None,
    splits: Annotated[Path | None, typer.Option(help="splits.csv: predict one part only")] = None,
    split: Annotated[Literal["random", "scaffold"], typer.Option(help="Split of --part")] = "random",
    part: Annotated[Literal["train", "validation", "test"], typer.Option(help="Part of --splits")] = "test",
    conformers: Annotated[
        Path | None,
        typer.Option(
            help="conformers.parquet: start from these; molecules that fail are then kept, marked as failed. "
            "Without it start geometries are made here, and molecules that fail are rejected"
        ),
    ] = None,
    num_geometries: Annotated[
        int,
        typer.Option(min=1, max=1000, help="Geometries to write per molecule: the best, then its runners-up"),
    ] = 1,
    num_conformers: Annotated[
        int,
        typer.Option(
            min=1, max=10_000, help="Start geometries to make per molecule, among which the model chooses"
        ),
    ] = 10,
    level: Annotated[
        Literal["fast", "standard", "thorough"],
        typer.Option(
            help="How the best geometry is chosen: by the network alone; by AIMNet2 energies of its refined "
            "geometries; or after relaxing the three lowest. MMFF94 where AIMNet2 does not know a molecule"
        ),
    ] = "fast",
    energy_window: Annotated[
        float | None,
        typer.Option(min=0, help="Leave out geometries further above the best, kcal/mol; not with fast"),
    ] = None,
    stereo: Annotated[
        Literal["enumerate", "refuse"],
        typer.Option(help="Your own molecules whose stereo is not fully marked: every isomer, or none"),
    ] = "enumerate",
    fragments: Annotated[
        Literal["refuse", "largest"],
        typer.Option(help="Your own salts and mixtures: none, or the largest molecule, said in `stripped`"),
    ] = "refuse",
    max_atoms: Annotated[
        int, typer.Option(min=1, help="Most atoms of your own molecules, hydrogens included")
    ] = MAX_ATOMS,
    subset: Annotated[
        int | None,
        typer.Option(min=1, max=10**9, help="Predict so many molecules only, the same ones every time"),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Seed of the start geometries")] = 0,
    batch_size: Annotated[
        int, typer.Option(min=1, max=10**6, help="Molecules at once; no effect on results")
    ] = 64,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=MAX_THREADS, help="Processes that make start geometries; default: all cores"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
) -> None:
    """Predict ground-state geometries, in input order with ids; what is rejected has its reason."""
    check_output(output)
    refuse_inputs(
        {"--output": output, "the table of rejections": rejected_file(output)},
        {"--input": input, "--checkpoint": checkpoint, "--splits": splits, "--conformers": conformers},
    )
    trained = load_model(checkpoint, choose_device(device), model)
    rejections: list[Rejection] = []
    molecules: Iterable[Molecule]
    if input.suffix == ".parquet":
        chosen_part = None
        if splits:
            rows = RecordFile(input, MOLECULE_SCHEMA).columns("id")
            chosen_part = read_split(splits, split, part, (row["id"] for row in rows if row["id"]))
        records = read_records(input, MOLECULE_SCHEMA, chosen_part)
        ids = [record["id"] for record in records]
        molecules = molecules_of(records, rejections)
    else:
        requests = read_requests(input, rejections, stereo, fragments, max_atoms)
        ids = [name for name, _ in requests]
        molecules = (Molecule(name, mol) for name, mol in requests)
    if subset is not None:
        chosen = fixed_subset(ids, subset)
        ids = [name for name in ids if name in chosen]
        molecules = (molecule for molecule in molecules if molecule.id in chosen)
    if not ids and not rejections:
        raise GroundstateError(f"{input}: there is no molecule to predict; check --splits and --part")
    with ExitStack() as stack:
        if trained.starts is None:
            find_starts = stored({})
        elif conformers:
            find_starts = stored(read_starts(conformers, ids, trained.starts))
        else:
            settings = EmbedConformers(num_conformers=num_conformers, seed=seed)
            cores = workers or len(os.sched_getaffinity(0))
            make = stack.enter_context(conformer_maker(settings, cores, trained.starts))
            find_starts = lambda some: make([(one.id, one.mol) for one in some])  # noqa: E731
        proposed = num_geometries if level == "fast" else max(num_geometries, num_conformers)
        predictions = predict_molecules(trained, molecules, find_starts, rejections, batch_size, proposed)
        if level != "fast":
            potentials = [find_molecular_potential(name) for name in ("aimnet2", "mmff94")]
            predictions = chosen_by_energy(predictions, level, potentials, num_geometries, energy_window)
        written = write_predictions(
            predictions, output, rejections, len(ids), keep_failed=conformers is not None
        )
    where = f", {len(rejections)} rejected, see {rejected_file(output)}" if rejections else ""
    total = written.molecules + len(rejections)
    if not written.molecules:
        raise GroundstateError(f"{input}: none of {total} molecules was predicted{where}")
    typer.echo(f"{written.molecules} of {total} molecules written to {output}{where}")
    if written.outside:
        typer.echo(
            f"{written.outside} of them are unlike the molecules of the training (property domain); "
            "what is said of their error is a guess"
        )
