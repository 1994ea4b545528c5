"""``groundstate discover``: a formula or a chemical system to a ranked table of relaxed crystals."""

from pathlib import Path
from typing import Annotated

import typer

from groundstate.api.discover import Request, about, plan, search
from groundstate.cli.ending import part_ending
from groundstate.discovery.budget import parse_budget
from groundstate.discovery.discover import fill_cache
from groundstate.discovery.files import CRYSTALS, PAGE, REJECTED
from groundstate.discovery.output import discovery_table, write_discovery
from groundstate.discovery.settings import Discover
from groundstate.files import write_json
from groundstate.potentials.cache import Cache
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard


def command(
    output_dir: Annotated[Path, typer.Option(help="folder for the table, CIFs, figures and the page")],
    formula: Annotated[str | None, typer.Option(help="such as LiFePO4; cells up to max_atoms")] = None,
    elements: Annotated[str | None, typer.Option(help="a chemical system, such as Li-Fe-P-O")] = None,
    all_elements: Annotated[
        bool, typer.Option("--all-elements", help="only formulas with all of --elements")
    ] = False,
    budget: Annotated[
        str, typer.Option(help="full relaxations (20), or CPU time of all relaxations (30min, 2h)")
    ] = "10",
    references: Annotated[
        list[Path],
        typer.Option(help="phases besides the shipped ones, crystals or ComputedEntry JSON; may be repeated"),
    ] = [],  # noqa: B006
    templates: Annotated[
        list[Path], typer.Option(help="crystals of yours that lend their structures, too; may be repeated")
    ] = [],  # noqa: B006
    structures: Annotated[
        list[Path],
        typer.Option(help="crystals of yours that are judged too; may be repeated"),
    ] = [],  # noqa: B006
    without_own_formula: Annotated[
        bool,
        typer.Option(
            "--without-own-formula", help="known crystals of the very same formula lend nothing (a test)"
        ),
    ] = False,
    checkpoint: Annotated[
        str | None,
        typer.Option(
            help="crystal model that proposes too: best.ckpt, shipped weights by name, or none; default: the "
            "shipped ones for a formula, none for a chemical system"
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="needed where it is a plug-in: package.module:Object")
    ] = None,
    phonons: Annotated[
        bool,
        typer.Option("--phonons", help="harmonic stability of the crystals near the hull (needs phonopy)"),
    ] = False,
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished calculations, may be shared")] = None,
    shard: Annotated[
        str | None, typer.Option(help="K/N: only fill the cache with the K-th of N parts")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="of random crystals and of the checkpoint's")] = 0,
) -> None:
    """Propose, judge, relax and rank crystals; a killed discovery goes on by the same command.

    Example: groundstate discover --formula LiFePO4 --budget 30min --output-dir lfp
    """
    chosen, asked = parse_settings(Discover, settings), parse_budget(budget)
    if phonons:
        judge = chosen.stability.model_copy(update={"phonons": True})
        chosen = chosen.model_copy(update={"stability": judge})
    own_too = not without_own_formula
    request = Request(
        formula, elements, all_elements, templates, structures, own_too, checkpoint, model, seed
    )
    store = cache if cache is not None else output_dir / "cache"
    if shard is not None:
        part = parse_shard(shard)
        wanted, sources, *_ = plan(request, chosen, store)
        number = fill_cache(wanted, sources, output_dir, chosen, asked, Cache(store), part, references)
        write_json(output_dir / "shards" / f"{part[0]}.json", {"proposals": number})
        typer.echo(part_ending(part, number, "proposals"))
        return
    found = search(request, chosen, budget, output_dir, store, references)
    write_discovery(output_dir, found, about(request, chosen, budget))
    typer.echo(discovery_table(found))
    typer.echo(
        f"{output_dir}: {len(found.rows)} crystals relaxed of {sum(found.proposed.values())} proposed, "
        f"{found.cpu_seconds / 60:.1f} CPU-minutes; {CRYSTALS}, cifs/, {PAGE}, {REJECTED}"
    )
