"""``groundstate train crystals``: records to checkpoints."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.train import train
from groundstate.settings import parse_settings


def command(
    records: Annotated[Path, typer.Option(help="records.parquet of the prepare stage")],
    splits: Annotated[Path, typer.Option(help="splits.csv of the prepare stage")],
    output_dir: Annotated[Path, typer.Option(help="folder for checkpoints and history")],
    model: Annotated[
        str, typer.Option(help="name of the model, or package.module:Object")
    ] = "unimat-compact",
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    seed: Annotated[int, typer.Option(min=0, help="seed of weights, order and noise")] = 0,
    processes: Annotated[int, typer.Option(min=0, help="GPUs that share the training; 0 is 1")] = 1,
) -> None:
    """Train a generative model of crystals; a killed run goes on where it stopped.

    Example: groundstate train crystals --records prepared/records.parquet --splits prepared/splits.csv
    --output-dir model
    """
    train(records, splits, model, parse_settings(TrainCrystals, settings), seed, output_dir, processes)
    typer.echo(f"{output_dir / 'best.ckpt'}: {model} with its best weights, seed {seed}")
