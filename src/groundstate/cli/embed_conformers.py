"""groundstate embed conformers"""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.molecules.embedding import embed_conformers
from groundstate.molecules.record_file import RecordFile
from groundstate.molecules.settings import EmbedConformers
from groundstate.records import MOLECULE_SCHEMA, read_split
from groundstate.settings import parse_settings


def command(
    records: Annotated[Path, typer.Option(help="records.parquet of the prepare stage")],
    splits: Annotated[Path, typer.Option(help="splits.csv of the prepare stage")],
    output_dir: Annotated[Path, typer.Option(help="Folder for conformers.parquet, etkdg.sdf, mmff.sdf")],
    settings: Annotated[str, typer.Option(help="EmbedConformers as JSON")] = "{}",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes")] = 1,
    split: Annotated[str, typer.Option(help="Split whose test part goes into the SDF files")] = "random",
) -> None:
    """Make start geometries with ETKDGv3 and MMFF94."""
    summary = embed_conformers(
        RecordFile(records, MOLECULE_SCHEMA),
        read_split(splits, split, "test"),
        parse_settings(EmbedConformers, settings),
        workers,
        output_dir,
    )
    typer.echo(f"{output_dir}: {summary['origin']}, {summary['rejected']} rejected")
