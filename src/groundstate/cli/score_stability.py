"""``groundstate score stability``: relax anybody's crystals and place them on a hull."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.files import write_json
from groundstate.potentials.cache import Cache
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard
from groundstate.stability.evaluation import evaluate_stability, fill_cache
from groundstate.stability.settings import ScoreStability
from groundstate.stability.write import write_evaluation


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CSV with CIFs, records or a folder of CIF files")],
    output: Annotated[Path, typer.Option(help="folder for the tables and the relaxed crystals")],
    reference: Annotated[
        list[Path], typer.Option(help="known phases: crystals, or ComputedEntry JSON; may be repeated")
    ] = [],  # noqa: B006
    potential: Annotated[str | None, typer.Option(help="overrides the setting of this name")] = None,
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished calculations, may be shared")] = None,
    shard: Annotated[
        str | None, typer.Option(help="K/N: only fill the cache with the K-th of N parts")
    ] = None,
    seed: Annotated[int, typer.Option(help="of the controls and the bootstrap intervals")] = 0,
) -> None:
    """Relax crystals with a universal potential; formation energy, energy above hull, stability rates."""
    chosen = parse_settings(ScoreStability, settings)
    if potential is not None:
        chosen = chosen.model_copy(update={"potential": potential})
    store = Cache(cache if cache is not None else output / "cache")
    if shard is None:
        write_evaluation(output, evaluate_stability(structures, reference, chosen, store, seed))
    else:
        part = parse_shard(shard)
        done = fill_cache(structures, reference, chosen, store, seed, part)
        write_json(output / "shards" / f"{part[0]}.json", done)
