"""``groundstate init``: a folder with the workflow, its configuration and its profiles."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.layout import lay_out


def command(
    folder: Annotated[Path, typer.Argument(help="folder to write to; made where it is not there")],
) -> None:
    """Lay out a workflow folder: Snakefile, workflow/, config/, profiles/, envs/.

    Example: groundstate init my_project
    """
    places = lay_out(folder)
    typer.echo(
        f"{folder}: {len(places)} files; edit {folder / 'config/config.yaml'}, then run in this folder: "
        "snakemake --cores all"
    )
