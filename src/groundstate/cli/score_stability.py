"""``groundstate score stability``: relax anybody's crystals and place them on a hull."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundstate.cli.ending import part_ending
from groundstate.files import write_json
from groundstate.metrics.text_table import score_table
from groundstate.potentials.cache import Cache
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard
from groundstate.stability.evaluation import evaluate_stability, fill_cache
from groundstate.stability.inputs import GENERATED
from groundstate.stability.output.text_table import crystal_table, phonon_table, protocol_table
from groundstate.stability.output.write import write_evaluation
from groundstate.stability.settings import ScoreStability


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CIF, POSCAR, CSV with CIFs, records or a folder")],
    output: Annotated[Path, typer.Option(help="folder for the tables and the relaxed crystals")],
    reference: Annotated[
        list[Path],
        typer.Option(help="phases besides the shipped ones, crystals or ComputedEntry JSON; may be repeated"),
    ] = [],  # noqa: B006
    train: Annotated[
        list[Path], typer.Option(help="crystals that only novelty is counted against; may be repeated")
    ] = [],  # noqa: B006
    splits: Annotated[
        Path | None, typer.Option(help="splits.csv of prepare crystals: restricts --train to its part")
    ] = None,
    potential: Annotated[str | None, typer.Option(help="overrides the setting of this name")] = None,
    phonons: Annotated[
        bool,
        typer.Option("--phonons", help="harmonic stability of the crystals near the hull (needs phonopy)"),
    ] = False,
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished calculations, may be shared")] = None,
    shard: Annotated[
        str | None, typer.Option(help="K/N: only fill the cache with the K-th of N parts")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of the controls and the bootstrap intervals")] = 0,
) -> None:
    """Relax crystals with a universal potential; formation energy, energy above hull, stability rates.

    Example: groundstate score stability --structures mine.extxyz --output stability
    """
    chosen = parse_settings(ScoreStability, settings)
    if potential is not None:
        chosen = chosen.model_copy(update={"potential": potential})
    if phonons:
        chosen = chosen.model_copy(update={"phonons": True})
    store = Cache(cache if cache is not None else output / "cache")
    if shard is not None:
        part = parse_shard(shard)
        done = fill_cache(structures, reference, chosen, store, seed, part)
        write_json(output / "shards" / f"{part[0]}.json", done)
        typer.echo(part_ending(part, sum(done.values()), "crystals"))
        return
    evaluation = evaluate_stability(structures, reference, chosen, store, seed, train, splits)
    write_evaluation(output, evaluation)
    if rejections := evaluation.rejected_references:
        first = rejections[0]
        sys.stderr.write(
            f"{len(rejections)} references or training crystals rejected, see "
            f"{output / 'rejected.csv'}; the first: {first.id}: {first.reason}\n"
        )
    summary = evaluation.summary
    typer.echo(score_table(summary, "crystals"))
    typer.echo(protocol_table(summary))
    typer.echo(crystal_table(evaluation.scores[GENERATED].rows))
    if evaluation.phonon_cost is not None:
        typer.echo(phonon_table(evaluation.scores[GENERATED].rows, evaluation.phonon_cost))
    typer.echo(
        f"{output}: {summary['n']} crystals, {summary['scored']} scored, {summary['hull_incomplete']} with a "
        "hull that is a lower bound; crystals.csv, relaxed.extxyz, rejected.csv, summary.json, figures/"
    )
