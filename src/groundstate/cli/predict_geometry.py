"""groundstate predict geometry"""

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.molecules.conformers.embed import conformer_maker
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.requests import read_requests
from groundstate.molecules.models.examples import read_starts
from groundstate.molecules.models.predict import (
    load_predictor,
    predict_records,
    starts_of,
    stored,
    write_predictions,
)
from groundstate.records import MOLECULE_SCHEMA, Rejection, read_records, read_split
from groundstate.subset import fixed_subset


def command(
    input: Annotated[Path, typer.Option(help="records.parquet, or your own .smi, .csv or .sdf")],
    checkpoint: Annotated[Path, typer.Option(help="best.ckpt of the train stage")],
    output: Annotated[Path, typer.Option(help="SDF to write; rejected.csv goes beside it")],
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
    num_conformers: Annotated[
        int,
        typer.Option(min=1, help="Geometries to write a molecule: the best, then its runners-up"),
    ] = 1,
    candidates: Annotated[
        int, typer.Option(min=1, help="Start geometries to make a molecule, among which the model chooses")
    ] = 10,
    stereo: Annotated[
        Literal["enumerate", "refuse"],
        typer.Option(help="Your own molecules whose stereo is not fully marked: every isomer, or none"),
    ] = "enumerate",
    subset: Annotated[
        int | None, typer.Option(min=1, help="Predict so many molecules only, the same ones every time")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start geometries")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Molecules at once; no effect on results")] = 64,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="Processes that make start geometries; default: all cores"),
    ] = None,
    device: Annotated[str, typer.Option(help="auto, cpu or cuda")] = "auto",
) -> None:
    """Predict ground-state geometries; an SDF in input order with ids, and rejected.csv with reasons."""
    predictor = load_predictor(checkpoint, device)
    rejections: list[Rejection] = []
    if input.suffix == ".parquet":
        records = read_records(input, MOLECULE_SCHEMA, read_split(splits, split, part) if splits else None)
    else:
        records = read_requests(input, rejections, stereo)
    if subset is not None:
        chosen = fixed_subset((record["id"] for record in records), subset)
        records = [record for record in records if record["id"] in chosen]
    method = starts_of(predictor)
    with ExitStack() as stack:
        if conformers:
            ids = [record["id"] for record in records]
            find_starts = stored(read_starts(conformers, ids, method or "mmff"))
        else:
            settings = EmbedConformers(num_conformers=candidates, seed=seed)
            cores = len(os.sched_getaffinity(0))
            find_starts = stack.enter_context(conformer_maker(settings, workers or cores, method))
        predictions = predict_records(
            predictor, records, find_starts, rejections, batch_size, keep=num_conformers
        )
        written = write_predictions(
            predictions, output, rejections, len(records), keep_failed=conformers is not None
        )
    typer.echo(f"{output}: {written} molecules, {len(rejections)} rejected")
