"""``groundstate score geometry``: predicted geometries of molecules against references."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.definition import GeometryMetric, load_metrics
from groundstate.metrics.molecules.score import REFERENCE_ROW, score_geometry
from groundstate.metrics.named_files import parse_named_files
from groundstate.metrics.text_table import score_table


def command(
    predicted: Annotated[Path, typer.Option(help="SDF of predicted geometries")],
    reference: Annotated[Path, typer.Option(help="SDF of the same molecules, matched by id")],
    output: Annotated[Path, typer.Option(help="Folder for summary.json, molecules.csv, rejected.csv")],
    baseline: Annotated[
        list[str], typer.Option(help="NAME=FILE: another prediction to score beside; may be repeated")
    ] = [],  # noqa: B006
    metric: Annotated[
        list[str], typer.Option(help="A metric of your own, package.module:Object; may be repeated")
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
    """Compare predicted geometries with references.

    Example: groundstate score geometry --predicted mine.sdf --reference dft.sdf --output scores
    """
    summary = score_geometry(
        predicted,
        reference,
        output,
        parse_named_files("--baseline", baseline, [REFERENCE_ROW]),
        seed,
        subset=subset,
        extensive=extensive,
        name=name,
        metrics=load_metrics(metric, GeometryMetric, "geometry metric"),
    )
    typer.echo(score_table(summary, name))
    typer.echo(
        f"{output}: {summary['n']} molecules scored, {summary['failed']} failed; summary.json, "
        "molecules.csv, rejected.csv"
    )
