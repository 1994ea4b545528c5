"""The whole discovery: proposals, the chain of judgement, full relaxations, hull, rows."""

import sys
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from pymatgen.core import Composition

from groundstate.crystals.crystal import chemical_symbols
from groundstate.crystals.models.generate import write_extxyz
from groundstate.crystals.structures import NamedStructure, read_structures, to_structure
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.discovery.budget import Budget, Clock
from groundstate.discovery.chain import Chain, Judged, to_crystal
from groundstate.discovery.proposals import Proposal, ProposalSource, gather, in_turn
from groundstate.discovery.rows import DiscoveryRow, make_rows
from groundstate.discovery.settings import Discover
from groundstate.discovery.wanted import Wanted
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Job
from groundstate.potentials.corrections import hull_scheme, mp_element_energies
from groundstate.potentials.interface import MP_CORRECTED, find_potential
from groundstate.records import Rejection
from groundstate.stability.evaluation import Evaluation, calculations_of, evaluate_stability
from groundstate.stability.inputs import ReadReferences, read_references
from groundstate.stability.references.hull import chemical_system
from groundstate.stability.references.inputs import ReferenceInputs
from groundstate.stability.references.phases import References, build_references, refuse_mixed_hull

CANDIDATES = "candidates.extxyz"  # what was relaxed to the end, as it was before
KNOWN, AT_HAND = ".known.extxyz", ".at_hand.extxyz"
SHORT_SHARE = 0.5  # of a budget in minutes, after which no short relaxation is begun


@dataclass(frozen=True)
class Discovery:
    """What a discovery found: rows by rank, the evaluation behind them, and what fell out where."""

    rows: list[DiscoveryRow]
    evaluation: Evaluation
    rejections: list[Rejection]
    proposed: dict[str, int]
    cpu_seconds: float


def discover(
    wanted: Sequence[Wanted],
    sources: Sequence[ProposalSource],
    library: TemplateLibrary,
    folder: Path,
    settings: Discover,
    budget: Budget,
    cache: Cache,
    references: Sequence[Path] = (),
    seed: int = 0,
) -> Discovery:
    """Look for the most stable crystals of some formulas.

    Parameters
    ----------
    library
        Known crystals: novelty is counted against those of the chemical systems, and stable phases of the
        Materials Project that have no shipped energy get one where they are among them.
    folder
        Gets the candidates; the cache and the time spent so far let a killed discovery go on.
    references
        Files of further reference phases.

    Raises
    ------
    GroundstateError
        An element that the potential or the reference energies lack, a file of references that cannot be
        read (said before anything is relaxed), no proposal, or none that survives.
    """
    read = _read_references(references, wanted, settings)
    chosen, chain, origins, clock = _survivors(wanted, sources, folder, settings, budget, cache)
    systems = _systems(wanted)
    for system in sorted(systems, key=sorted):
        _warn_without_references(system, chain.references)
    done = _relax_fully(chosen, folder, chain, budget, clock)
    if not done:
        raise GroundstateError(
            f"none of {len(origins)} proposals is left to relax: {_why(chain.rejections)}; give a larger "
            "--budget or more sources"
        )
    known = _known(library, systems)
    at_hand = _at_hand(known, chain.references, systems)
    files = {KNOWN: known, AT_HAND: at_hand}
    for name, crystals in files.items():
        write_extxyz(folder / name, [to_crystal(crystal) for crystal in crystals])
    if at_hand:
        references = [*references, folder / AT_HAND]
        read = read_references(references[-1:], systems, read)
    evaluation = evaluate_stability(
        folder / CANDIDATES,
        references,
        settings.stability,
        cache,
        seed,
        [folder / KNOWN] if known else [],
        read=read,
    )
    clock.keep()
    symmetrised = {one.structure.id for one in chosen if one.symmetrised}
    rows = make_rows(evaluation, origins, symmetrised, settings.symprec)
    proposed = dict(Counter(proposal.source for proposal in origins.values()))
    rejections = [*chain.rejections, *evaluation.rejected_references]
    return Discovery(rows, evaluation, rejections, proposed, clock.seconds)


def fill_cache(
    wanted: Sequence[Wanted],
    sources: Sequence[ProposalSource],
    folder: Path,
    settings: Discover,
    budget: Budget,
    cache: Cache,
    shard: tuple[int, int],
    references: Sequence[Path] = (),
) -> int:
    """Do the short relaxations of the k-th of n parts of the proposals, and full ones of its best.

    ``discover`` then finds them in the cache; ``references`` are only checked. Returns the number of
    proposals of this part.
    """
    part, parts = shard
    share = Budget(
        None if budget.relaxations is None else -(-budget.relaxations // parts),
        None if budget.minutes is None else budget.minutes / parts,
    )
    _read_references(references, wanted, settings)
    own = folder / f".part-{part}-of-{parts}"
    chosen, chain, origins, clock = _survivors(wanted, sources, own, settings, share, cache, shard)
    _relax_fully(chosen, own, chain, share, clock)
    return len(origins)


def _survivors(
    wanted: Sequence[Wanted],
    sources: Sequence[ProposalSource],
    folder: Path,
    settings: Discover,
    budget: Budget,
    cache: Cache,
    shard: tuple[int, int] = (1, 1),
) -> tuple[list[Judged], Chain, dict[str, Proposal], Clock]:
    """Propose, judge and choose: the crystals for full relaxation, their chain, origins by id, the time."""
    asked = settings.stability
    calculations = calculations_of(asked, cache)
    systems = _systems(wanted)
    if hull_scheme(calculations.potential.scheme) == MP_CORRECTED:
        refuse_unknown(set().union(*systems), asked.potential)
    hull = build_references(ReferenceInputs(shipped=asked.shipped_references), systems, {}, calculations)
    clock = Clock(folder / ".clock.json", asked.workers)
    chain = Chain(calculations, settings.short_steps, settings.symprec, hull)
    proposals = in_turn(gather(wanted, sources))[shard[0] - 1 :: shard[1]]
    named = [NamedStructure(one.crystal.id, to_structure(one.crystal)) for one in proposals]
    origins = {one.crystal.id: one for one in proposals}
    enough = _spent(clock, budget, SHORT_SHARE)
    most = None if budget.relaxations is None else settings.short * budget.relaxations
    survivors = chain.judge(named, enough, most)
    clock.keep()
    return chain.choose(survivors, settings.best, budget.relaxations), chain, origins, clock


def _systems(wanted: Sequence[Wanted]) -> set[frozenset[str]]:
    return {frozenset(chemical_symbols[z] for z in one.formula) for one in wanted}


def _read_references(
    references: Sequence[Path], wanted: Sequence[Wanted], settings: Discover
) -> ReadReferences:
    """Read them, and raise what the hull would raise for them: now, not after the relaxations."""
    read, asked = read_references(references, _systems(wanted)), settings.stability
    refuse_mixed_hull(
        read.entries, find_potential(asked.potential, asked.potential_arguments, asked.potential_scheme)
    )
    if asked.second_potential is not None:
        refuse_mixed_hull(read.entries, find_potential(asked.second_potential))
    return read


def _spent(clock: Clock, budget: Budget, share: float = 1.0) -> Callable[[], bool] | None:
    """Give what tells whether this share of a budget in minutes is spent; None for one in relaxations."""
    minutes = budget.minutes
    if minutes is None:
        return None

    def enough() -> bool:
        clock.keep()
        return clock.seconds >= 60 * minutes * share

    return enough


def _relax_fully(
    chosen: Sequence[Judged], folder: Path, chain: Chain, budget: Budget, clock: Clock
) -> list[str]:
    """Relax in order until the budget is spent, and leave in the folder what was relaxed; the ids."""
    path = folder / CANDIDATES
    write_extxyz(path, [to_crystal(one.structure) for one in chosen])
    if not chosen:
        return []
    # read back, as ``evaluate_stability`` will do: a cache is asked with the very same digits
    crystals = read_structures(path)[0]
    jobs = {Job("relax", name): to_atoms(structure) for name, structure in crystals}
    results = chain.calculations.run(jobs, "full relaxations", _spent(clock, budget))
    clock.keep()
    done = [crystal for crystal in crystals if Job("relax", crystal.id) in results]
    if len(done) < len(crystals):
        kept = {crystal.id for crystal in done}
        for crystal in crystals:
            if crystal.id not in kept:
                reason = "the budget was spent before its full relaxation"
                chain.rejections.append(Rejection(crystal.id, "budget", reason))
        write_extxyz(path, [to_crystal(one.structure) for one in chosen if one.structure.id in kept])
    return [crystal.id for crystal in done]


def refuse_unknown(symbols: Collection[str], potential: str) -> None:
    """Raise ``GroundstateError`` that names the elements without a reference energy."""
    if missing := sorted(set(symbols) - mp_element_energies().keys()):
        raise GroundstateError(
            f"{', '.join(missing)}: not among the elements of {potential} and of the reference energies; "
            "leave it out, or name a potential of your own (stability.potential, potential_scheme)"
        )


def _warn_without_references(system: frozenset[str], references: References) -> None:
    """Say on standard error where a hull is that of the elements alone."""
    composition = Composition(dict.fromkeys(sorted(system), 1))
    if len(system) > 1 and not references.hull.competing(composition) and not references.missing(composition):
        sys.stderr.write(
            f"warning: no compound of {chemical_system(composition)} has a shipped energy: its hull is that "
            "of the elements and of --references alone\n"
        )


def _known(library: TemplateLibrary, systems: Collection[frozenset[str]]) -> list[NamedStructure]:
    """Known crystals inside the chemical systems."""
    numbers = [{chemical_symbols.index(symbol) for symbol in system} for system in systems]
    return [
        NamedStructure(crystal.id, to_structure(crystal))
        for crystal in library.crystals
        if any(system.issuperset(crystal.atomic_numbers.tolist()) for system in numbers)
    ]


def _at_hand(
    known: Sequence[NamedStructure], references: References, systems: Collection[frozenset[str]]
) -> list[NamedStructure]:
    """Stable phases that the hull lacks an energy of, and whose structure is known."""
    missing = {
        phase.id
        for system in systems
        for phase in references.missing(Composition(dict.fromkeys(sorted(system), 1)))
    }
    return [crystal for crystal in known if crystal.id in missing]


def _why(rejections: Sequence[Rejection]) -> str:
    counts = Counter(rejection.stage for rejection in rejections)
    return ", ".join(f"{count} by {step}" for step, count in counts.most_common())
