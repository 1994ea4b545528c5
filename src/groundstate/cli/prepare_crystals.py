"""``groundstate prepare crystals``: files of crystals to records and a split."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import ending
from groundstate.crystals.dataset.prepare import prepare
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.settings import parse_settings


def command(
    input: Annotated[list[Path], typer.Option(help="file to read; may be given more than once")],
    format: Annotated[str, typer.Option(help="flla, csv, extxyz or cif")],
    output_dir: Annotated[Path, typer.Option(help="folder for the records")],
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    part: Annotated[
        list[str], typer.Option(help="train, validation or test for each --input: a published split")
    ] = [],  # noqa: B006
    unseen: Annotated[
        bool,
        typer.Option("--unseen", help="reject test crystals whose formula the shipped weights may know"),
    ] = False,
) -> None:
    """Read crystals, check them, split them by composition or by file.

    Example: groundstate prepare crystals --input my.extxyz --format extxyz --output-dir prepared
    """
    summary = prepare(input, format, parse_settings(PrepareCrystals, settings), output_dir, part, unseen)
    kept, total = int(str(summary["kept"])), int(str(summary["read"]))
    typer.echo(ending(kept, total, "crystals", output_dir, output_dir / "rejected.csv"))
