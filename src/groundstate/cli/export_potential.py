"""``groundstate export potential``: a checkpoint to a program that runs without this package."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.interatomic.export import export


def command(
    checkpoint: Annotated[Path, typer.Option(help="best.ckpt of a potential")],
    output: Annotated[Path, typer.Option(help="file to write, .pt2")],
    form: Annotated[
        str, typer.Option(help="package (compiled for this processor) or program (torch.export)")
    ] = "package",
    precision: Annotated[str, typer.Option(help="float32 or float64")] = "float64",
) -> None:
    """Write energies, forces and virial of a potential as a program for Python or C++ with torch alone.

    Example: groundstate export potential --checkpoint best.ckpt --output potential.pt2
    """
    export(checkpoint, output, form, precision)
    typer.echo(f"potential exported to {output}")
