"""One score by the conventions of several works: what counts as stable, unique, novel, and of how many.

Read in their public code and papers: FlowMM (``scripts_analysis/ehull.py``, ``novelty.py``), MatterGen
(``mattergen/evaluation/metrics``), Crystalite (``src/utils/stability_logger.py``, ``src/eval/dng_eval.py``).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from groundstate.metrics.bootstrap import ratio_intervals
from groundstate.metrics.crystals.sun import MATCHER
from groundstate.metrics.definition import SHARE, Definition
from groundstate.stability.rows import StabilityRow, threshold_key

Denominator = Literal["scored", "converged"]
RATES = ("stable", "unique", "novel", "sun")
FLOWMM = "FlowMM (Miller et al., ICML 2024, arXiv 2406.04713)"
MATTERGEN = "MatterGen (Zeni et al., Nature 639, 624, 2025)"
CRYSTALITE = "Crystalite (github.com/joshrosie/crystalite, June 2026)"
OF: tuple[tuple[Denominator, str, str], ...] = (
    ("converged", "", "of the relaxed"),
    ("scored", "_of_all", "of all"),
)


@dataclass(frozen=True)
class Protocol:
    """What one work calls stable, unique and novel.

    Parameters
    ----------
    key, label, source
        Name in the summary and in tables, and where the convention is from.
    threshold
        Energy above the hull (eV per atom) up to which a crystal is stable; ``below``: it has to lie lower.
    with_set
        Whether the crystals of the set compete with each other on the hull.
    least_elements
        Elements that a stable crystal has at least.
    of
        Whose share every rate is: all ``scored`` crystals, or the ``converged`` ones.
    against
        What novelty is counted against: everything ``known``, or the ``training`` set alone.
    as_generated
        Whether uniqueness and novelty are judged before relaxing.
    first_among
        Unique is the first of its kind among these; ``hits``: for S.U.N. among the stable and novel.
    differs
        What this scorer does otherwise than the work itself.
    """

    key: str
    label: str
    source: str
    threshold: float
    below: bool = False
    with_set: bool = False
    least_elements: int = 1
    of: Denominator = "scored"
    against: Literal["known", "training"] = "training"
    as_generated: bool = False
    first_among: Literal["scored", "counted", "hits"] = "scored"
    differs: str = ""

    def counts(self, row: StabilityRow) -> bool:
        """Tell whether a scored crystal is in the denominator."""
        return self.of == "scored" or row.outcome == "converged"

    def is_stable(self, row: StabilityRow) -> bool:
        """Tell whether a crystal is stable; one that did not converge or has a lower bound never is."""
        energy = row.energy_above_hull if self.with_set else row.energy_above_references
        if row.outcome != "converged" or row.hull_incomplete or energy is None:
            return False
        if row.system.count("-") + 1 < self.least_elements:
            return False
        return energy < self.threshold or (energy == self.threshold and not self.below)

    def novelty(self, row: StabilityRow) -> bool | None:
        """Tell whether a crystal is novel; None where that was not asked."""
        if self.against == "known":
            return row.novel
        return row.novel_to_training_before if self.as_generated else row.novel_to_training

    def define(self, relaxation: str) -> dict[str, object]:
        """Say what the rates of this protocol are, as JSON values; ``relaxation`` is the one of the score."""
        when = "the crystal as generated" if self.as_generated else "the relaxed crystal"
        known = "references, training crystals and listed phases"
        among = {
            "scored": "the first of its kind among all scored crystals",
            "counted": "the first of its kind among the converged crystals",
            "hits": "the first of its kind among all scored crystals; for S.U.N. among the stable and novel",
        }
        least = f", at least {self.least_elements} elements" if self.least_elements > 1 else ""
        bound = "<" if self.below else "≤"
        definition = Definition(
            f"stable: converged, energy above hull {bound} {self.threshold:g} eV/atom{least}; never where "
            "the hull is a lower bound",
            self.source,
            SHARE,
            "higher",
            self.label,
            digits=1,
        )
        return definition.as_dict(
            threshold=self.threshold,
            hull="references and the converged crystals of the set" if self.with_set else "references alone",
            denominator=f"all {self.of} crystals",
            unique=f"{among[self.first_among]} ({when})",
            novelty_set=f"{known if self.against == 'known' else 'training crystals alone'} ({when})",
            matcher=MATCHER,
            relaxation=relaxation,
            differs=self.differs,
        )


STRICT = "their scripts count crystals whose relaxation ran out of steps, too; here converged ones alone"
CRYSTALITE_DIFFERS = (
    "theirs: NequIP-OAM-L to 0.005 eV/A on the Materials Project hull of 2023-02-07, only unique and novel "
    f"crystals relaxed; {STRICT}"
)
PUBLISHED = (
    Protocol(
        "flowmm",
        "FlowMM",
        FLOWMM,
        0.0,
        below=True,
        least_elements=2,
        first_among="hits",
        differs="theirs: CHGNet, then DFT, on the Materials Project hull of 2023-02-07, equivalent by the "
        f"rms displacement (`get_rms_dist`), here by the largest (`fit`); {STRICT}",
    ),
    Protocol(
        "mattergen",
        "MatterGen",
        MATTERGEN,
        0.1,
        of="converged",
        against="known",
        first_among="counted",
        differs="theirs: MatterSim or DFT, references of Alexandria, the Materials Project and ICSD, and a "
        "matcher of disordered structures, to which similar elements are one; here ordered structures alone, "
        "so that more crystals are unique and novel",
    ),
    *(
        Protocol(
            f"crystalite_{name}{suffix}",
            f"Crystalite, {name}, {note}",
            CRYSTALITE,
            threshold,
            of=of,
            as_generated=True,
            differs=CRYSTALITE_DIFFERS,
        )
        for name, threshold in (("stable", 0.0), ("metastable", 0.1))
        for of, suffix, note in OF
    ),
)


def protocols(thresholds: Sequence[float]) -> list[Protocol]:
    """List our own convention at each of ``thresholds`` (eV per atom), then those of other works."""
    ours = [
        Protocol(
            threshold_key(threshold).replace("stable", "groundstate"),
            f"groundstate at {1000 * threshold:g} meV/atom",
            "groundstate",
            threshold,
            with_set=True,
            against="known",
        )
        for threshold in thresholds
    ]
    return [*ours, *PUBLISHED]


def summarise_protocols(
    rows: Sequence[StabilityRow], thresholds: Sequence[float], seed: int = 0
) -> dict[str, dict[str, object]]:
    """Give the shares of stable, unique, novel and S.U.N. crystals by every protocol.

    Each protocol has the number ``n`` of crystals that its shares are of, 95 % bootstrap ``intervals`` over
    the scored crystals, and the same over those of ``complete_hulls``. A share is left out where it would be
    of nothing, and where novelty was not asked: against the training set, when none was given.
    """
    scored = [row for row in rows if row.outcome != "not_scored"]
    whole = np.array([bool(row.hull) and not row.hull_incomplete for row in scored], dtype=bool)
    named = protocols(thresholds)
    shares = []
    for protocol in named:
        counted = np.array([protocol.counts(row) for row in scored], dtype=bool)
        flags = _flags(protocol, scored, counted)
        shares += [_Shares(flags, counted), _Shares(flags, counted & whole)]
    tables = _with_intervals(shares, seed)
    pairs = zip(named, tables[::2], tables[1::2], strict=True)
    return {protocol.key: every | {"complete_hulls": complete} for protocol, every, complete in pairs}


class _Shares(NamedTuple):
    """What each crystal is, by the name of the rate, and which crystals are below it."""

    flags: Mapping[str, np.ndarray]
    chosen: np.ndarray


def _flags(protocol: Protocol, scored: Sequence[StabilityRow], counted: np.ndarray) -> dict[str, np.ndarray]:
    """Whether each scored crystal counts, by the name of the rate."""
    stable = np.array([protocol.is_stable(row) for row in scored], dtype=bool)
    flags = {"stable": stable}
    if all(row.unique is None for row in scored):  # what could not be read is not unique
        return flags
    among = counted if protocol.first_among == "counted" else np.ones(len(scored), dtype=bool)
    flags["unique"] = _first(scored, among, protocol.as_generated)
    novelty = [protocol.novelty(row) for row in scored]
    if all(one is None for one in novelty):
        return flags
    flags["novel"] = np.array([bool(one) for one in novelty])
    hits = stable & flags["novel"]
    unique = flags["unique"]
    if protocol.first_among == "hits":
        unique = _first(scored, hits, protocol.as_generated)
    flags["sun"] = hits & unique
    return flags


def _first(scored: Sequence[StabilityRow], among: np.ndarray, as_generated: bool) -> np.ndarray:
    """Whether each crystal is the first of its kind among the given ones."""
    seen: set[str] = set()
    first = np.zeros(len(scored), dtype=bool)
    for index in np.flatnonzero(among).tolist():
        row = scored[index]
        if row.unique is not None:
            kind = (row.equivalent_to_before if as_generated else row.equivalent_to) or row.id
            first[index] = kind not in seen
            seen.add(kind)
    return first


def _with_intervals(shares: Sequence[_Shares], seed: int) -> list[dict[str, object]]:
    """Give the shares with their intervals; the same resamplings serve all of them."""
    tables: list[dict[str, object]] = []
    columns: list[tuple[int, str]] = []
    above, below = [], []
    for place, (flags, chosen) in enumerate(shares):
        number = int(chosen.sum())
        tables.append({"n": number})
        for name, flag in flags.items() if number else ():
            tables[place][name] = float((flag & chosen).sum() / number)
            columns.append((place, name))
            above.append(flag & chosen)
            below.append(chosen)
    intervals: list[dict[str, list[float]]] = [{} for _ in shares]
    if columns:
        numerators, denominators = (np.column_stack(some).astype(float) for some in (above, below))
        bounds = ratio_intervals(numerators, denominators, seed).tolist()
        for (place, name), ends in zip(columns, bounds, strict=True):
            intervals[place][name] = ends
    return [table | {"intervals": ends} for table, ends in zip(tables, intervals, strict=True)]
