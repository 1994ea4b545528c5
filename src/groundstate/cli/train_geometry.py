"""Command ``groundstate train geometry``."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from groundstate.errors import GroundstateError
from groundstate.molecules.models.examples import DataSet
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.settings import parse_settings

MANY = "once for each data set"


def command(
    records: Annotated[list[Path], typer.Option(help=f"records.parquet of the prepare stage; {MANY}")],
    splits: Annotated[list[Path], typer.Option(help=f"splits.csv of the prepare stage; {MANY}")],
    output_dir: Annotated[Path, typer.Option(help="Folder for checkpoints and history")],
    conformers: Annotated[
        list[Path] | None,
        typer.Option(help=f"conformers.parquet of the embed stage; {MANY}; not for distogram"),
    ] = None,
    convention: Annotated[
        list[str] | None, typer.Option(help="Name of each data set where there are several")
    ] = None,
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
    names = convention or [""]
    starts: list[Path | None] = [*conformers] if conformers else [None] * len(records)
    if not len(records) == len(splits) == len(starts) == len(names) or len(set(names)) < len(names):
        raise GroundstateError(
            f"--records, --splits, --conformers, --convention: {len(records)}, {len(splits)}, "
            f"{len(conformers or [])}, {len(names)} given; name each data set once with its three files"
        )
    sets = [DataSet(*one) for one in zip(names, records, splits, starts, strict=True)]
    train(sets, model, parsed, seed, output_dir, split, processes)
    typer.echo(f"{output_dir / 'best.ckpt'}: {model} with its best weights, seed {seed}")
