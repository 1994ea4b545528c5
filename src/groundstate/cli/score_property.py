"""``groundstate score property``: the rows of the property experiment beside one another."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.named_files import parse_named_files
from groundstate.molecules.property.score import score_property
from groundstate.outputs import refuse_inputs


def command(
    row: Annotated[
        list[str], typer.Option(help="NAME=predictions.csv, repeated; the first is compared with")
    ],
    output: Annotated[Path, typer.Option(help="Folder for summary.json and table.csv")],
    seed: Annotated[int, typer.Option(min=0, max=2**62, help="Seed of the bootstrap")] = 0,
) -> None:
    """Put the rows of the property experiment into one table.

    Example: groundstate score property --row graph=a/predictions.csv --row mmff=b/predictions.csv
    --output scores
    """
    rows = parse_named_files("--row", row)
    written = {f"--output: {name}": output / name for name in ("summary.json", "table.csv")}
    refuse_inputs(written, {f"--row {name}": Path(path) for name, path in rows.items()})
    summary = score_property(rows, output, seed)
    for name, scores in summary["rows"].items():
        low, high = scores["interval"]
        typer.echo(f"{name}: MAE {scores['mae']:.4f} ({low:.4f} to {high:.4f}), {scores['n']} molecules")
    typer.echo(f"{len(rows)} rows written to {output}: summary.json, table.csv")
