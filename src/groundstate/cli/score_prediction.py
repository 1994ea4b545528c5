"""``groundstate score prediction``: match rate and RMSE of predicted crystal structures."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.crystals.score_prediction import score_prediction_files
from groundstate.metrics.text_table import score_table


def command(
    predicted: Annotated[
        Path, typer.Option(help="crystals with the ids of the reference, or ID_0, ID_1, ... for several")
    ],
    reference: Annotated[Path, typer.Option(help="true crystals")],
    output: Annotated[Path, typer.Option(help="folder for summary.json, crystals.csv, rejected.csv")],
    train: Annotated[Path | None, typer.Option(help="training crystals, for the template baseline")] = None,
    splits: Annotated[
        Path | None, typer.Option(help="of --reference only the test part, of --train the rest is used")
    ] = None,
    oxidation_list: Annotated[str, typer.Option(help="of composition validity")] = "smact14",
    workers: Annotated[int, typer.Option(min=1, max=256, help="processes that compare crystals")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="of the baseline and the bootstrap intervals")] = 0,
) -> None:
    """Compare predicted crystals with the true ones of the same composition.

    Example: groundstate score prediction --predicted mine.csv --reference test.csv --output scores
    """
    summary = score_prediction_files(
        predicted, reference, output, train, splits, oxidation_list, workers, seed
    )
    typer.echo(score_table(summary, "predicted"))
    typer.echo(
        f"{output}: {summary['n']} reference crystals, {summary['missing']} without a prediction; "
        "summary.json, crystals.csv, rejected.csv"
    )
