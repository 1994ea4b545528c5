"""``groundstate report``: run folders to one HTML file."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.discovery.part import discovery_part
from groundstate.report.page import write_report


def command(
    output: Annotated[Path, typer.Option(help="the HTML file")],
    molecules: Annotated[
        list[Path], typer.Option(help="molecule run folder; may be given more than once")
    ] = [],  # noqa: B006
    crystals: Annotated[
        list[Path], typer.Option(help="crystal run folder; may be given more than once")
    ] = [],  # noqa: B006
    potentials: Annotated[
        list[Path], typer.Option(help="folder of a potential's run; may be given more than once")
    ] = [],  # noqa: B006
    discoveries: Annotated[
        list[Path], typer.Option(help="folder of `groundstate discover`; may be given more than once")
    ] = [],  # noqa: B006
) -> None:
    """Collect run folders into one self-contained HTML file.

    Example: groundstate report --molecules results/molecules/qm9/gaunt/seed0 --output report.html
    """
    parts = [discovery_part(folder.absolute(), output.absolute().parent) for folder in discoveries]
    write_report(molecules, crystals, output, potentials, parts)
    runs = len(molecules) + len(crystals) + len(potentials)
    counted = [(runs, "run" if runs == 1 else "runs")]
    if discoveries:
        counted.append((len(discoveries), "search" if len(discoveries) == 1 else "searches"))
    typer.echo(f"report of {' and '.join(f'{n} {what}' for n, what in counted)} written to {output}")
