"""``groundstate embed conformers``: start geometries of all records."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import ending, part_ending
from groundstate.molecules.conformers.embed import embed_conformers, embed_part
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.record_file import RecordFile
from groundstate.records import MOLECULE_SCHEMA, read_split
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard


def command(
    records: Annotated[Path, typer.Option(help="records.parquet of the prepare stage")],
    splits: Annotated[Path, typer.Option(help="splits.csv of the prepare stage")],
    output_dir: Annotated[Path, typer.Option(help="Folder for conformers.parquet, etkdg.sdf, mmff.sdf")],
    settings: Annotated[str, typer.Option(help="EmbedConformers as JSON")] = "{}",
    workers: Annotated[int, typer.Option(min=1, help="Worker processes")] = 1,
    split: Annotated[str, typer.Option(help="Split whose test part goes into the SDF files")] = "random",
    shard: Annotated[
        str | None, typer.Option(help="K/N: only make the K-th of N parts, for a later run to collect")
    ] = None,
) -> None:
    """Make start geometries with ETKDGv3 and MMFF94.

    Example: groundstate embed conformers --records prepared/records.parquet --splits prepared/splits.csv
    --output-dir conformers
    """
    rows, chosen = RecordFile(records, MOLECULE_SCHEMA), parse_settings(EmbedConformers, settings)
    if shard is not None:
        part = parse_shard(shard)
        made = embed_part(rows, chosen, workers, output_dir, *part)
        typer.echo(part_ending(part, made, "molecules"))
        return
    present = (row["id"] for row in rows.columns("id") if row["id"])
    summary = embed_conformers(rows, read_split(splits, split, "test", present), chosen, workers, output_dir)
    kinds = ", ".join(f"{number} by {name}" for name, number in summary["origin"].items())
    kept, rejected = len(rows) - summary["rejected"], output_dir / "rejected.csv"
    typer.echo(
        ending(kept, len(rows), "molecules with start geometries", output_dir, rejected) + f" ({kinds})"
    )
