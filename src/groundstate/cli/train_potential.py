"""``groundstate train potential``: structures with energies and forces to a potential."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.interatomic.settings import TrainPotential
from groundstate.interatomic.train import train
from groundstate.settings import parse_settings


def command(
    data: Annotated[Path, typer.Option(help="extxyz, or records.parquet of the prepare stage")],
    output_dir: Annotated[Path, typer.Option(help="folder for checkpoints and history")],
    splits: Annotated[Path | None, typer.Option(help="splits.csv; without it a tenth is validation")] = None,
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    seed: Annotated[int, typer.Option(min=0, help="seed of weights, order and split")] = 0,
    processes: Annotated[int, typer.Option(min=0, help="processes that share the training; 0 is 1")] = 1,
) -> None:
    """Train an interatomic potential; a killed run goes on where it stopped.

    Example: groundstate train potential --data my.extxyz --output-dir potential
    """
    train(data, splits, parse_settings(TrainPotential, settings), seed, output_dir, processes)
    typer.echo(f"potential written to {output_dir / 'best.ckpt'}")
