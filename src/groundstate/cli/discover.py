"""``groundstate discover``: a formula or a chemical system to a ranked table of relaxed crystals."""

import sys
from pathlib import Path
from typing import Annotated

import typer

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.requests import parse_request
from groundstate.crystals.structures import read_structures
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.crystals.templates.shipped import shipped_templates, with_own
from groundstate.discovery.budget import parse_budget
from groundstate.discovery.chain import to_crystal
from groundstate.discovery.discover import discover, fill_cache
from groundstate.discovery.output import (
    CRYSTALS,
    FOLDERS,
    PAGE,
    REJECTED,
    RELAXED,
    SUMMARY,
    discovery_table,
    write_discovery,
)
from groundstate.discovery.proposals import Diffusion, OwnStructures, ProposalSource, RandomSearch, Templates
from groundstate.discovery.settings import Discover
from groundstate.discovery.wanted import Wanted, cells_of, formulas_of
from groundstate.errors import GroundstateError
from groundstate.files import check_replaceable, write_json
from groundstate.potentials.cache import Cache
from groundstate.settings import parse_settings
from groundstate.shards import parse_shard
from groundstate.weights import find_checkpoint


def command(
    output_dir: Annotated[Path, typer.Option(help="folder for the table, CIFs, figures and the page")],
    formula: Annotated[str | None, typer.Option(help="such as LiFePO4; cells up to max_atoms")] = None,
    elements: Annotated[str | None, typer.Option(help="a chemical system, such as Li-Fe-P-O")] = None,
    all_elements: Annotated[bool, typer.Option(help="only formulas with all of --elements")] = False,
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
        bool, typer.Option(help="known crystals of the very same formula lend nothing (a test)")
    ] = False,
    checkpoint: Annotated[
        str | None, typer.Option(help="crystal model that proposes too: best.ckpt or shipped weights by name")
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="needed where it is a plug-in: package.module:Object")
    ] = None,
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
    if shard is None:
        for name in (CRYSTALS, RELAXED, REJECTED, SUMMARY, PAGE, *FOLDERS):
            check_replaceable(output_dir / name, "--output-dir")
    library = _library(templates)
    own = OwnStructures(structures)
    wanted = _wanted(formula, elements, all_elements, library, own, chosen, not without_own_formula)
    sources: list[ProposalSource] = [own]
    sources.append(Templates(library, chosen.templates, own_formula=not without_own_formula))
    if checkpoint is not None:
        path = find_checkpoint(checkpoint)
        sources.append(Diffusion(path, chosen.diffusion, seed, model))
        number, own_too = chosen.diffusion_from_templates, not without_own_formula
        sources.append(Diffusion(path, number, seed, model, library, chosen.noise, own_too))
    sources.append(RandomSearch(chosen.random, seed))
    store = Cache(cache if cache is not None else output_dir / "cache")
    if shard is not None:
        part = parse_shard(shard)
        number = fill_cache(wanted, sources, output_dir, chosen, asked, store, part)
        write_json(output_dir / "shards" / f"{part[0]}.json", {"proposals": number})
        return
    found = discover(wanted, sources, library, output_dir, chosen, asked, store, references, seed)
    about = {
        "asked": formula or f"{elements}{' (all elements)' if all_elements else ''}",
        "budget": budget,
        "seed": seed,
        "settings": chosen.model_dump(mode="json"),
    }
    write_discovery(output_dir, found, about)
    typer.echo(discovery_table(found))
    typer.echo(
        f"{output_dir}: {len(found.rows)} crystals relaxed of {sum(found.proposed.values())} proposed, "
        f"{found.cpu_seconds / 60:.1f} CPU-minutes; {CRYSTALS}, cifs/, {PAGE}, {REJECTED}"
    )


def _library(paths: list[Path]) -> TemplateLibrary:
    library = shipped_templates()
    own: list[Crystal] = []
    for path in paths:
        crystals, rejections = read_structures(path)
        for rejection in rejections:
            sys.stderr.write(f"{path}: {rejection.id}: {rejection.reason}\n")
        own += [to_crystal(crystal) for crystal in crystals]
    return with_own(library, own) if own else library


def _wanted(
    formula: str | None,
    elements: str | None,
    whole: bool,
    library: TemplateLibrary,
    own: OwnStructures,
    settings: Discover,
    own_formula: bool,
) -> list[Wanted]:
    """Give the formulas to try.

    Raises ``GroundstateError`` unless one of ``--formula`` and ``--elements`` is given, and where no template
    gives a formula of the elements.
    """
    if (formula is None) == (elements is None):
        raise GroundstateError("give either --formula, such as LiFePO4, or --elements, such as Li-Fe-P-O")
    request = parse_request(formula, elements, None)
    if elements is None:
        return [cells_of(request.formulas[0], settings.max_atoms)]
    numbers = request.elements or frozenset()
    wanted = [cells_of(one, settings.max_atoms) for one in own.formulas(numbers, whole)]
    found = formulas_of(numbers, whole, library, settings.max_atoms, settings.formulas, (), own_formula)
    wanted += [one for one in found if one.formula not in [other.formula for other in wanted]]
    if not wanted:
        raise GroundstateError(
            f"--elements {elements}: no template gives a formula of at most {settings.max_atoms} atoms; "
            "allow larger cells (setting max_atoms), add --templates, or name a --formula"
        )
    return wanted
