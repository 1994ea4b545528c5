"""``groundstate score validity``: structural and composition validity of anybody's crystals."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.crystals.composition_validity import OXIDATION_LISTS
from groundstate.metrics.crystals.score_validity import score_validity_files
from groundstate.metrics.definition import CrystalMetric, load_metrics
from groundstate.metrics.named_files import parse_named_files
from groundstate.metrics.text_table import score_table


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CIF, POSCAR, CSV with CIFs, records or a folder")],
    output: Annotated[Path, typer.Option(help="folder for summary.json, crystals.csv, rejected.csv")],
    baseline: Annotated[list[str], typer.Option(help="NAME=FILE scored beside; may be repeated")] = [],  # noqa: B006
    metric: Annotated[
        list[str], typer.Option(help="a metric of your own, package.module:Object; may be repeated")
    ] = [],  # noqa: B006
    oxidation_list: Annotated[str, typer.Option(help=f"one of {', '.join(OXIDATION_LISTS)}")] = "smact14",
    seed: Annotated[int, typer.Option(min=0, help="of the bootstrap intervals")] = 0,
) -> None:
    """Score structural and composition validity by the definitions of CDVAE.

    Example: groundstate score validity --structures mine.extxyz --output scores
    """
    summary = score_validity_files(
        structures,
        output,
        parse_named_files("--baseline", baseline),
        oxidation_list,
        seed,
        load_metrics(metric, CrystalMetric, "crystal metric"),
    )
    typer.echo(score_table(summary, "crystals"))
    if summary["suspicious"]:
        typer.echo(
            f"warning: {summary['suspicious']} crystals are valid by the literature's definition (0.5 A) but "
            "could not be crystals, such as for atoms on one another: column 'warning' of crystals.csv",
            err=True,
        )
    typer.echo(
        f"{output}: {summary['n']} crystals, {summary['failed']} not readable; summary.json, "
        "crystals.csv, rejected.csv"
    )
