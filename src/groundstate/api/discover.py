"""Stable crystals of a formula or chemical system: ``groundstate.discover``, and the command of that name."""

import tempfile
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from groundstate.api.tables import table
from groundstate.api.weights import checkpoint_of
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.models.requests import parse_request
from groundstate.crystals.structures import read_structures
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.crystals.templates.shipped import shipped_templates, with_own
from groundstate.discovery.budget import parse_budget
from groundstate.discovery.chain import to_crystal
from groundstate.discovery.discover import Discovery
from groundstate.discovery.discover import discover as run_discovery
from groundstate.discovery.lowest import Lowest
from groundstate.discovery.output import write_discovery
from groundstate.discovery.proposals import (
    Diffusion,
    OwnStructures,
    ProposalSource,
    RandomSearch,
    SymmetricSearch,
    Templates,
)
from groundstate.discovery.settings import Discover
from groundstate.discovery.wanted import Wanted, cells_of, formulas_of
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_structure
from groundstate.potentials.cache import Cache
from groundstate.records import Rejection, name_stage
from groundstate.settings import check_numbers, check_settings
from groundstate.stability.evaluation import calculations_of
from groundstate.stability.inputs import GENERATED
from groundstate.weights import find_checkpoint

DEFINITIONS = {
    "rank": "by the energy above the hull, distinct converged crystals first",
    "id": "id of the crystal",
    "structure": "pymatgen Structure, relaxed with its cell",
    "formula": "reduced formula",
    "space_group": "Hermann-Mauguin symbol",
    "space_group_number": "of the International Tables",
    "symprec": "tolerance of the space group, angstrom",
    "energy_above_hull": "energy above the hull of known phases, eV/atom",
    "bound": ">= where the hull lacks stable phases: the energy above it is a lower bound",
    "hull": "which phases the hull lacks",
    "stable": "on a complete hull",
    "near_hull": "at most 0.025 eV/atom above it, about the error of the potential",
    "unique": "the first of its kind in this table",
    "novel": "like no known crystal of the chemical system",
    "formation_energy_per_atom": "eV/atom",
    "decomposition_products": "what it would fall apart into, moles of formula units",
    "outcome": "of the relaxation",
    "origin": "who proposed it",
    "volume_ratio": "volume of the proposal over that after relaxation",
    "second_energy_above_hull": "the same by the second potential, eV/atom",
    "agrees": "whether both potentials see it on the same side of 0.025 eV/atom",
    "reason": "why the outcome is not `converged`",
    "dynamics": "`stable` without a phonon mode below -0.1 THz, else `imaginary`; `failed`; `not_computed`",
    "lowest_frequency": "lowest phonon frequency, THz, negative where it is imaginary",
    "dynamics_reason": "why there are no phonons",
}
OPTIONAL = (
    *("second_energy_above_hull", "agrees", "reason"),
    *("dynamics", "lowest_frequency", "dynamics_reason"),
)


@dataclass(frozen=True)
class Request:
    """What is looked for, and who may propose; see ``discover``."""

    formula: str | None = None
    elements: str | None = None
    all_elements: bool = False
    templates: Sequence[Path] = ()
    structures: Sequence[Path] = ()
    own_formula: bool = True
    checkpoint: str | None = None
    model: str | None = None
    seed: int = 0

    @cached_property
    def weights(self) -> Path | None:
        """The checkpoint of the crystal model that proposes; None where none does."""
        if self.checkpoint is None:
            return None if self.formula is None else checkpoint_of("crystals", None)
        return None if self.checkpoint == "none" else find_checkpoint(self.checkpoint)

    @property
    def text(self) -> str:
        """What was asked for, in words."""
        return self.formula or f"{self.elements}{' (all elements)' if self.all_elements else ''}"


class Plan(NamedTuple):
    """The formulas to try, the sources of proposals, the known crystals, and what of a user's is left out."""

    wanted: list[Wanted]
    sources: list[ProposalSource]
    library: TemplateLibrary
    left_out: list[Rejection]


def discover(
    formula: str | None = None,
    *,
    elements: str | None = None,
    all_elements: bool = False,
    budget: str | int = "10",
    references: Sequence[str | Path] = (),
    templates: Sequence[str | Path] = (),
    structures: Sequence[str | Path] = (),
    checkpoint: str | Path | None = None,
    model: str | None = None,
    settings: Mapping[str, Any] | None = None,
    output: str | Path | None = None,
    cache: str | Path | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Propose crystals, judge and relax them, and place them on the hull of known phases.

    Parameters
    ----------
    formula
        Such as ``LiFePO4``; cells of it up to the setting ``max_atoms``.
    elements, all_elements
        In its place a chemical system such as ``Li-Fe-P-O``; only formulas with all of its elements.
    budget
        Full relaxations (``20``), or CPU time of all relaxations (``"30min"``, ``"2h"``).
    references
        Files of phases besides the shipped ones.
    templates, structures
        Files of crystals that lend their structures too, and of crystals that are judged too.
    checkpoint, model
        A crystal model that proposes too: ``best.ckpt``, shipped weights by name, or ``none``; its class
        where it is a plug-in. By default the shipped weights propose for a formula, none for a system.
    settings
        Of the stage, such as ``{"stability": {"second_potential": "chgnet"}}``.
    output, cache
        Folder that keeps all files of the command, and that of finished calculations; None keeps none.
    seed
        Of random crystals and of the checkpoint's.

    Returns
    -------
    pandas.DataFrame
        One row a crystal that was relaxed to the end, by rank; ``attrs["definitions"]`` says what the columns
        are, ``attrs["rejected"]`` which proposals fell out, where and why.

    Raises
    ------
    GroundstateError
        For a request that cannot be met, and where no proposal survives.

    Examples
    --------
    >>> import groundstate
    >>> groundstate.discover("NaCl", budget="3").head(1)  # doctest: +SKIP
    """
    check_numbers(("seed", seed, 0))
    told = None if checkpoint is None else str(checkpoint)
    paths = [[Path(path) for path in some] for some in (references, templates, structures)]
    request = Request(formula, elements, all_elements, paths[1], paths[2], True, told, model, seed)
    chosen, budget = check_settings(Discover, settings), str(budget)
    with ExitStack() as stack:
        folder = Path(output or stack.enter_context(tempfile.TemporaryDirectory()))
        found = search(request, chosen, budget, folder, Path(cache or folder / "cache"), paths[0])
        if output is not None:
            write_discovery(folder, found, about(request, chosen, budget))
    relaxed = found.evaluation.scores[GENERATED].relaxed
    rows = [
        asdict(row) | {"structure": to_structure(relaxed[row.id]) if row.id in relaxed else None}
        for row in found.rows
    ]
    return table(rows, DEFINITIONS, found.rejections, OPTIONAL, seed=seed, budget=budget)


def search(
    request: Request,
    settings: Discover,
    budget: str,
    folder: Path,
    cache: Path,
    references: Sequence[Path] = (),
) -> Discovery:
    """Do the discovery; ``folder`` gets the candidates and ``cache`` what a killed one goes on from."""
    wanted, sources, library, left_out = plan(request, settings, cache)
    asked, store = parse_budget(budget), Cache(cache)
    seed = request.seed
    found = run_discovery(wanted, sources, library, folder, settings, asked, store, references, seed)
    return replace(found, rejections=[*left_out, *found.rejections])


def about(request: Request, settings: Discover, budget: str) -> dict[str, object]:
    """Say what was asked, for the summary."""
    return {
        "asked": request.text,
        "budget": budget,
        "seed": request.seed,
        "checkpoint": request.weights.name if request.weights else None,
        "settings": settings.model_dump(mode="json"),
    }


def plan(request: Request, settings: Discover, cache: Path) -> Plan:
    """Gather the formulas and the sources of proposals; ``cache`` keeps the kinds of the user's templates.

    Raises ``GroundstateError`` for a request that cannot be met.
    """
    library, unread = _library(request.templates, cache)
    own = OwnStructures(list(request.structures))
    wanted = _wanted(request, library, own, settings)
    sources: list[ProposalSource] = [own]
    sources.append(Templates(library, settings.templates, own_formula=request.own_formula))
    seed, model = request.seed, request.model
    judge = calculations_of(settings.stability, Cache(cache))
    path = request.weights
    if path is not None:
        drawn = Diffusion(path, settings.diffusion * settings.draws, seed, model)
        sources.append(Lowest(drawn, settings.diffusion, judge))
        number, own_too = settings.diffusion_from_templates, request.own_formula
        sources.append(Diffusion(path, number, seed, model, library, settings.noise, own_too))
    symmetric = SymmetricSearch(settings.symmetric * settings.draws, seed)
    sources += [Lowest(symmetric, settings.symmetric, judge), RandomSearch(settings.random, seed)]
    return Plan(wanted, sources, library, [*unread, *own.rejections, *own.not_asked_for(wanted)])


def _library(paths: Sequence[Path], cache: Path) -> tuple[TemplateLibrary, list[Rejection]]:
    library = shipped_templates()
    own: list[Crystal] = []
    unread: list[Rejection] = []
    for path in paths:
        crystals, rejections = read_structures(path)
        unread += name_stage(rejections, "read template")
        own += [to_crystal(crystal) for crystal in crystals]
    return (with_own(library, own, cache) if own else library), unread


def _wanted(
    request: Request, library: TemplateLibrary, own: OwnStructures, settings: Discover
) -> list[Wanted]:
    """Give the formulas to try.

    Raises ``GroundstateError`` unless one of ``--formula`` and ``--elements`` is given, and where no template
    gives a formula of the elements.
    """
    formula, elements = request.formula, request.elements
    if (formula is None) == (elements is None):
        raise GroundstateError("give either --formula, such as LiFePO4, or --elements, such as Li-Fe-P-O")
    parsed = parse_request(formula, elements, None)
    if elements is None:
        return [cells_of(parsed.formulas[0], settings.max_atoms)]
    numbers, whole = parsed.elements or frozenset(), request.all_elements
    wanted = [cells_of(one, settings.max_atoms) for one in own.formulas(numbers, whole)]
    most, own_too = settings.formulas, request.own_formula
    found = formulas_of(numbers, whole, library, settings.max_atoms, most, (), own_too)
    wanted += [one for one in found if one.formula not in [other.formula for other in wanted]]
    if not wanted:
        raise GroundstateError(
            f"--elements {elements}: no template gives a formula of at most {settings.max_atoms} atoms; "
            "allow larger cells (setting max_atoms), add --templates, or name a --formula"
        )
    return wanted
