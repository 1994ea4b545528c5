"""Uniqueness of a set, and novelty against everything that is listed or at hand."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from pymatgen.core import Composition, Structure

from groundstate.crystals.structures import NamedStructure
from groundstate.metrics.crystals.sun import are_novel, first_equivalents
from groundstate.potentials.atoms import to_structure
from groundstate.stability.references.materials_project import listed_phases
from groundstate.stability.relaxation import StabilityScore

SAME_ENERGY = 0.05  # eV per atom: twice the mean error of CHGNet, four times that of SevenNet-0


def add_novelty(
    score: StabilityScore,
    given: Mapping[str, Structure],
    known: Sequence[NamedStructure],
    training: Sequence[NamedStructure] | None,
    listed: bool,
) -> StabilityScore:
    """Give the score with uniqueness and novelty, of the relaxed crystals and of the given ones.

    Parameters
    ----------
    given
        Crystals before relaxing, by id; they stand in where nothing was relaxed.
    known
        References: what is equivalent to one of them, or to a training crystal, is not novel.
    training
        Training crystals; novelty is told against these alone, too, unless None were given.
    listed
        Whether the energies are on the scheme of the Materials Project. A crystal is not novel either where
        the Materials Project lists a phase of its composition and energy whose structure is not at hand.
    """
    before = [given[row.id] for row in score.rows]
    after = [
        to_structure(score.relaxed[row.id]) if row.id in score.relaxed else structure
        for row, structure in zip(score.rows, before, strict=True)
    ]
    at_hand = {name.rpartition(":")[2] for name, _ in (*known, *(training or ()))} if listed else set()
    ids = [row.id for row in score.rows]
    final, first = _compared(ids, after, known, training), _compared(ids, before, known, training)
    rows = []
    for row, now, then in zip(score.rows, final, first, strict=True):
        energy, initial = row.formation_energy_per_atom, row.initial_formation_energy_per_atom
        twin = same_listed_phase(row.formula, energy, at_hand) if listed else ""
        first_twin = same_listed_phase(row.formula, initial, at_hand) if listed else ""
        rows.append(
            replace(
                row,
                listed_as=twin if now.novel else "",
                unique=not now.equivalent_to,
                novel=now.novel and not twin,
                novel_to_training=now.novel_to_training,
                equivalent_to=now.equivalent_to,
                unique_before=not then.equivalent_to,
                novel_before=then.novel and not first_twin,
                novel_to_training_before=then.novel_to_training,
                equivalent_to_before=then.equivalent_to,
            )
        )
    return replace(score, rows=rows)


class _Compared(NamedTuple):
    """What a crystal was found to be by its structure."""

    equivalent_to: str
    novel: bool
    novel_to_training: bool | None


def _compared(
    ids: Sequence[str],
    structures: Sequence[Structure],
    known: Sequence[NamedStructure],
    training: Sequence[NamedStructure] | None,
) -> list[_Compared]:
    """Compare crystals with each other, with the training crystals and, if new to these, with the known."""
    firsts = first_equivalents(structures)
    to_training = are_novel(structures, [structure for _, structure in training or ()])
    new = [structure for structure, one in zip(structures, to_training, strict=True) if one]
    to_known = iter(are_novel(new, [structure for _, structure in known]))
    return [
        _Compared(
            "" if first == index else ids[first], one and next(to_known), None if training is None else one
        )
        for index, (first, one) in enumerate(zip(firsts, to_training, strict=True))
    ]


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
