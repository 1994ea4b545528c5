"""groundstate predict geometry"""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.molecules.examples import read_starts
from groundstate.molecules.predict import load_predictor, predict_records, starts_of, write_predictions
from groundstate.molecules.requests import read_requests
from groundstate.molecules.settings import EmbedConformers
from groundstate.molecules.subset import fixed_subset
from groundstate.records import MOLECULE_SCHEMA, Rejection, read_records, read_split


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
        int, typer.Option(min=1, help="Start geometries to make; the lowest in energy is refined")
    ] = 3,
    stereo: Annotated[
        Literal["enumerate", "refuse"],
        typer.Option(help="Your own molecules whose stereo is not fully marked: every isomer, or none"),
    ] = "enumerate",
    subset: Annotated[
        int | None, typer.Option(min=1, help="Predict so many molecules only, the same ones every time")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the start geometries")] = 0,
    batch_size: Annotated[int, typer.Option(min=1, help="Molecules at once; no effect on results")] = 64,
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
    starts = None
    if conformers:
        starts = read_starts(conformers, [record["id"] for record in records], starts_of(predictor))
    embed = EmbedConformers(num_conformers=num_conformers, seed=seed)
    predictions = predict_records(predictor, records, starts, rejections, batch_size, embed)
    written = write_predictions(predictions, output, rejections, len(records), keep_failed=starts is not None)
    typer.echo(f"{output}: {written} molecules, {len(rejections)} rejected")
