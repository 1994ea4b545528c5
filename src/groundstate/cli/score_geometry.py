"""groundstate score geometry"""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.errors import GroundstateError
from groundstate.metrics.molecules.score import score_geometry


def command(
    predicted: Annotated[Path, typer.Option(help="SDF of predicted geometries")],
    reference: Annotated[Path, typer.Option(help="SDF of the same molecules, matched by id")],
    output: Annotated[Path, typer.Option(help="Folder for summary.json, molecules.csv, rejected.csv")],
    baseline: Annotated[
        list[str], typer.Option(help="NAME=FILE: another prediction to score beside; may be repeated")
    ] = [],  # noqa: B006
    seed: Annotated[int, typer.Option(min=0, help="Seed of the bootstrap")] = 0,
    name: Annotated[str, typer.Option(help="What the predictions are called in tables")] = "predicted",
    subset: Annotated[
        int | None, typer.Option(min=1, help="Score so many molecules only, the same ones every time")
    ] = None,
    extensive: Annotated[
        bool, typer.Option("--extensive", help="Add bond perception, PoseBusters and GFN2-xTB strain (slow)")
    ] = False,
) -> None:
    """Compare predicted geometries with references."""
    baselines = {}
    for text in baseline:
        key, separator, path = text.partition("=")
        if not separator or not key or not path:
            raise GroundstateError(f"--baseline {text}: expected NAME=FILE")
        baselines[key] = path
    summary = score_geometry(
        predicted, reference, output, baselines, seed, subset=subset, extensive=extensive, name=name
    )
    typer.echo(
        f"{output}: {summary['n']} molecules, {summary['failed']} failed, "
        f"D-MAE {summary['d_mae_n2'] if summary['d_mae_n2'] is not None else 'not known'}"
    )
