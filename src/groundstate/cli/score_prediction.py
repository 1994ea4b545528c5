"""``groundstate score prediction``: match rate and RMSE of predicted crystal structures."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from groundstate.crystals.structures import read_part, read_structures
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystals.score_prediction import (
    MANY,
    definitions,
    match_cases,
    pair_up,
    summarise_matches,
    table,
    template_cases,
)
from groundstate.records import Rejection, write_rejected


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
    workers: Annotated[int, typer.Option(min=1, help="processes that compare crystals")] = 1,
    seed: Annotated[int, typer.Option(help="of the baseline and the bootstrap intervals")] = 0,
) -> None:
    """Compare predicted crystals with the true ones of the same composition."""
    truth = read_part(reference, splits, ("test",))
    found, rejections = read_structures(predicted)
    cases, extra = pair_up(found, truth)
    rows = match_cases(cases, oxidation_list, workers)
    summary = summarise_matches(rows, len(extra), seed) | {"failed": len(rejections)}
    summary["definitions"] = definitions(oxidation_list)
    summary["baselines"] = {}
    known = [] if train is None else read_part(train, splits, ("train", "validation"))
    blind = template_cases(known, truth, MANY, seed)
    if blind:
        matches = match_cases(blind, oxidation_list, workers, "match, template")
        summary["baselines"]["template"] = summarise_matches(matches, seed=seed)
    with atomic_path(output / "crystals.csv") as temporary:
        pd.DataFrame(table(rows)).to_csv(temporary, index=False)
    unused = [Rejection(name, "match", "no reference crystal has this id") for name in extra]
    write_rejected(output / "rejected.csv", [*rejections, *unused])
    write_json(output / "summary.json", summary)
