"""Uniqueness of a set, and novelty against everything that is listed or at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pymatgen.core import Composition, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.sun import are_novel, are_unique
from groundstate.potentials.atoms import to_structure
from groundstate.stability.references.materials_project import listed_phases
from groundstate.stability.relaxation import StabilityScore

SAME_ENERGY = 0.05  # eV per atom: twice the mean error of CHGNet, four times that of SevenNet-0


def add_novelty(
    score: StabilityScore, given: Mapping[str, Structure], structures: Sequence[NamedStructure], listed: bool
) -> StabilityScore:
    """Give the score with uniqueness and novelty, of the relaxed crystals and of the given ones.

    Parameters
    ----------
    given
        Crystals before relaxing, by id; they stand in where nothing was relaxed.
    structures
        References and training crystals: what is equivalent to one of them is not novel.
    listed
        Whether the energies are on the scheme of the Materials Project. A crystal is not novel either where
        the Materials Project lists a phase of its composition and energy whose structure is not at hand.
    """
    references = [structure for _, structure in structures]
    before = [given[row.id] for row in score.rows]
    after = [
        to_structure(score.relaxed[row.id]) if row.id in score.relaxed else structure
        for row, structure in zip(score.rows, before, strict=True)
    ]
    at_hand = {name.rpartition(":")[2] for name, _ in structures} if listed else set()
    names = zip(
        are_unique(after),
        are_novel(after, references),
        are_unique(before),
        are_novel(before, references),
        strict=True,
    )
    rows = []
    for row, (unique, novel, unique_before, novel_before) in zip(score.rows, names, strict=True):
        final, first = row.formation_energy_per_atom, row.initial_formation_energy_per_atom
        twin = same_listed_phase(row.formula, final, at_hand) if listed else ""
        first_twin = same_listed_phase(row.formula, first, at_hand) if listed else ""
        rows.append(
            replace(
                row,
                listed_as=twin if novel else "",
                unique=unique,
                novel=novel and not twin,
                unique_before=unique_before,
                novel_before=novel_before and not first_twin,
            )
        )
    return replace(score, rows=rows)


def same_listed_phase(formula: str, formation_energy: float | None, at_hand: set[str]) -> str:
    """Find the listed phase of this formula and, to ``SAME_ENERGY``, this formation energy (eV per atom).

    Phases ``at_hand`` are left out: their structures were compared. Returns the id of the closest one, or "".
    """
    if formation_energy is None:
        return ""
    symbols = [element.symbol for element in Composition(formula)]
    distances = [
        (abs(phase.formation_energy - formation_energy), phase.id)
        for phase in listed_phases(symbols)
        if phase.formula == formula and phase.formation_energy is not None and phase.id not in at_hand
    ]
    difference, name = min(distances, default=(SAME_ENERGY + 1, ""))
    return name if difference <= SAME_ENERGY else ""
