"""Command ``groundstate score property``."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.errors import GroundstateError
from groundstate.molecules.property.score import score_property


def command(
    row: Annotated[
        list[str], typer.Option(help="NAME=predictions.csv, repeated; the first is compared with")
    ],
    output: Annotated[Path, typer.Option(help="Folder for summary.json and table.csv")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap")] = 0,
) -> None:
    """Put the rows of the property experiment into one table."""
    rows = {}
    for text in row:
        name, separator, path = text.partition("=")
        if not separator or not name or not path:
            raise GroundstateError(f"--row {text}: expected NAME=FILE")
        rows[name] = path
    summary = score_property(rows, output, seed)
    for name, scores in summary["rows"].items():
        low, high = scores["interval"]
        typer.echo(f"{name}: MAE {scores['mae']:.4f} ({low:.4f} to {high:.4f}), {scores['n']} molecules")
