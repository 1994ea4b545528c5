"""Command ``groundstate train geometry``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.settings import parse_settings


def command(
    records: Annotated[Path, typer.Option(help="records.parquet of the prepare stage")],
    splits: Annotated[Path, typer.Option(help="splits.csv of the prepare stage")],
    conformers: Annotated[Path, typer.Option(help="conformers.parquet of the embed stage")],
    output_dir: Annotated[Path, typer.Option(help="Folder for checkpoints and history")],
    model: Annotated[str, typer.Option(help="Name of the model")] = "gaunt",
    settings: Annotated[str, typer.Option(help="TrainGeometry as JSON")] = "{}",
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Seed of weights and order")] = 0,
    split: Annotated[Literal["random", "scaffold"], typer.Option(help="Split to train by")] = "random",
    processes: Annotated[int, typer.Option(min=0, max=1024, help="GPUs that share the training; 0 is 1")] = 1,
) -> None:
    """Train a model that refines molecular geometries; a killed run goes on where it stopped.

    Example: groundstate train geometry --records prepared/records.parquet --splits prepared/splits.csv
    --conformers conformers/conformers.parquet --output-dir model
    """
    parsed = parse_settings(TrainGeometry, settings)
    train(records, splits, conformers, model, parsed, seed, output_dir, split, processes)
    typer.echo(f"{output_dir / 'best.ckpt'}: {model} with its best weights, seed {seed}")
