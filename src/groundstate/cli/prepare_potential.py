"""``groundstate prepare potential``: extxyz with energies and forces to records."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.interatomic.prepare import prepare
from groundstate.interatomic.settings import PreparePotential
from groundstate.settings import parse_settings


def command(
    input: Annotated[
        list[Path], typer.Option(help="extxyz, or a molecule of rMD17; may be given several times")
    ],
    output_dir: Annotated[Path, typer.Option(help="folder for records.parquet, splits.csv, rejected.csv")],
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    part: Annotated[
        list[str], typer.Option(help="train, validation or test for each --input; else shares are drawn")
    ] = [],  # noqa: B006
) -> None:
    """Read structures with energies (eV) and forces (eV/A), reject bad ones, split.

    Example: groundstate prepare potential --input my.extxyz --output-dir prepared
    """
    kept, rejected = prepare(input, parse_settings(PreparePotential, settings), output_dir, part)
    typer.echo(f"{kept} structures written to {output_dir / 'records.parquet'}, {rejected} rejected")
