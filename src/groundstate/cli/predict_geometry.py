"""Command ``groundstate predict geometry``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.api.predict import Choices, predict_file, read_file
from groundstate.api.weights import checkpoint_of
from groundstate.cli.ending import ending
from groundstate.errors import GroundstateError
from groundstate.files import rejected_file
from groundstate.molecules.dataset.settings import MAX_ATOMS
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.write import check_output
from groundstate.outputs import refuse_inputs
from groundstate.training.checkpoints import choose_device
from groundstate.training.settings import MAX_THREADS


def command(
    input: Annotated[Path, typer.Option(help="records.parquet, or your own .smi, .csv or .sdf")],
    output: Annotated[
        Path,
        typer.Option(help="File to write, .sdf, .xyz, .extxyz or .parquet; NAME.rejected.csv goes beside it"),
    ],
    checkpoint: Annotated[
        str | None,
        typer.Option(help="best.ckpt of the train stage, or a name of `groundstate models`, the default"),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help="Name of the checkpoint's model; needed for package.module:Class of your own"),
    ] = None,
    convention: Annotated[
        str | None,
        typer.Option(
            help="Whose geometries are meant, where the model was trained on several data sets; default: "
            "the first of them"
        ),
    ] = None,
    choose: Annotated[
        Literal["distances", "rmsd", "energy", "network_energy"] | None,
        typer.Option(
            help="How the conformer is chosen: least expected error of all distances by number, or of the "
            "RMSD of heavy atoms, or lowest energy by the force field or as the network expects it; default: "
            "what suits the convention best"
        ),
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
            "geometries, those near the lowest followed for twelve steps; after relaxing the three lowest. "
            "MMFF94 where AIMNet2 does not know a molecule"
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
    """Predict ground-state geometries, in input order with ids; what is rejected has its reason.

    Example: groundstate predict geometry --input my.smi --output my.sdf
    """
    check_output(output)
    weights = checkpoint_of("geometry", checkpoint)
    refuse_inputs(
        {"--output": output, "the table of rejections": rejected_file(output)},
        {"--input": input, "--checkpoint": weights, "--splits": splits, "--conformers": conformers},
    )
    trained = load_model(weights, choose_device(device), model, convention)
    if choose is not None:
        if choose not in trained.choices:
            raise GroundstateError(f"--choose {choose}: {checkpoint} ranks no conformers; leave it out")
        trained.choose = choose
    requests = read_file(input, stereo, fragments, max_atoms, splits, split, part)
    choices = Choices(num_geometries, num_conformers, level, energy_window, seed, batch_size, workers)
    written = predict_file(requests, output, trained, choices, conformers, subset)
    rejections = requests.rejections
    total = written.molecules + len(rejections)
    said = ending(written.molecules, total, "molecules", output, rejected_file(output))
    if not written.molecules:
        raise GroundstateError(f"{input}: {said}")
    typer.echo(said)
    if written.outside:
        typer.echo(
            f"{written.outside} of them are unlike the molecules of the training (property domain); "
            "what is said of their error is a guess"
        )
