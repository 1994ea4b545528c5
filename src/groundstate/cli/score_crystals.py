"""``groundstate score crystals``: validity, coverage, distributions, uniqueness and novelty."""

import json
from pathlib import Path
from typing import Annotated

import typer

from groundstate.metrics.crystals.composition_validity import OXIDATION_LISTS
from groundstate.metrics.crystals.score_crystals import score_crystal_files
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.metrics.definition import CrystalMetric, load_metrics
from groundstate.metrics.text_table import score_table
from groundstate.settings import parse_settings


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CIF, POSCAR, CSV with CIFs, records or a folder")],
    reference: Annotated[Path, typer.Option(help="crystals to compare with, such as a test set")],
    output: Annotated[Path, typer.Option(help="folder for summary.json, crystals.csv, rejected.csv")],
    train: Annotated[Path | None, typer.Option(help="training crystals: novelty and baselines")] = None,
    splits: Annotated[
        Path | None, typer.Option(help="of --reference only the test part, of --train the rest is used")
    ] = None,
    metric: Annotated[
        list[str], typer.Option(help="a metric of your own, package.module:Object; may be repeated")
    ] = [],  # noqa: B006
    baselines: Annotated[
        int | None,
        typer.Option(min=0, max=100_000, help="crystals of each baseline without a model; by default none"),
    ] = None,
    cutoffs: Annotated[str | None, typer.Option(help="overrides the setting of this name")] = None,
    oxidation_list: Annotated[str, typer.Option(help=f"one of {', '.join(OXIDATION_LISTS)}")] = "smact14",
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished fingerprints, may be shared")] = None,
    workers: Annotated[int, typer.Option(min=1, max=256, help="processes for the fingerprints")] = 1,
    seed: Annotated[int, typer.Option(min=0, help="of draws, baselines and bootstrap intervals")] = 0,
) -> None:
    """Compare crystals with a reference set by CDVAE's measures, beside baselines.

    Example: groundstate score crystals --structures mine.extxyz --reference test.csv --output scores
    """
    chosen = parse_settings(ScoreCrystals, settings)
    overrides: dict[str, object] = {} if cutoffs is None else {"cutoffs": cutoffs}
    if baselines is not None or "baseline_crystals" not in chosen.model_fields_set:
        overrides["baseline_crystals"] = baselines or 0  # 1,000 is what the workflow asks for
    chosen = parse_settings(ScoreCrystals, json.dumps(chosen.model_dump() | overrides))
    summary = score_crystal_files(
        structures,
        reference,
        output,
        chosen,
        train,
        splits,
        oxidation_list,
        cache,
        workers,
        seed,
        load_metrics(metric, CrystalMetric, "crystal metric"),
    )
    typer.echo(score_table(summary, "crystals"))
    typer.echo(
        f"{output}: {summary['n']} crystals, {summary['failed']} not readable, beside {summary['reference']} "
        "reference crystals; summary.json, crystals.csv, rejected.csv"
    )
