"""Command ``groundstate train property``."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.molecules.property.settings import NetworkName, TrainProperty
from groundstate.molecules.property.train import train_property
from groundstate.settings import parse_settings


def command(
    records: Annotated[Path, typer.Option(help="records.parquet of the prepare stage")],
    splits: Annotated[Path, typer.Option(help="splits.csv of the prepare stage")],
    geometry: Annotated[str, typer.Option(help="graph (none), reference, or an SDF of these molecules")],
    output_dir: Annotated[Path, typer.Option(help="Folder for checkpoints, history and predictions.csv")],
    network: Annotated[NetworkName, typer.Option(help="schnet or gaunt")] = "schnet",
    settings: Annotated[str, typer.Option(help="TrainProperty as JSON")] = "{}",
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Seed of weights and order")] = 0,
    split: Annotated[str, typer.Option(help="Split whose three parts are used")] = "property",
) -> None:
    """Learn a property from a kind of geometry; a killed run goes on where it stopped.

    Example: groundstate train property --records prepared/records.parquet --splits prepared/splits.csv
    --geometry reference --output-dir gap
    """
    parsed = parse_settings(TrainProperty, settings)
    error = train_property(records, splits, geometry, network, parsed, seed, output_dir, split)
    typer.echo(f"{output_dir}: MAE of the test part {error:.4f}")
