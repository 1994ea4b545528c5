"""How far from their references a model's geometries are, for every way of choosing one."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import numpy as np

from groundstate.molecules.models.calibration import Evidence
from groundstate.molecules.models.gaunt.batches import GauntExample
from groundstate.molecules.models.gaunt.choice import CHOICES, FIRST, Choice, symmetric_rmsds

if TYPE_CHECKING:
    from groundstate.molecules.models.gaunt.model import GauntModel

AT_ONCE = 64  # molecules


def validated(
    model: "GauntModel", examples: Sequence[GauntExample]
) -> dict[Choice, list[tuple[Evidence, float]]]:
    """Give evidence and true RMSD, angstrom, of the geometry of each example, by the way of choosing it.

    Candidates are ranked once, and those that any way takes are refined once.
    """
    results: dict[Choice, list[tuple[Evidence, float]]] = {choose: [] for choose in CHOICES}
    for begin in range(0, len(examples), AT_ONCE):
        part = examples[begin : begin + AT_ONCE]
        lists = [one.mol for one in part], [one.graph for one in part], [one.candidates for one in part]
        firsts = [{way: min(order, key=FIRST[way]) for way in CHOICES} for order in model.rank(*lists)]
        taken = {(k, one.number): (k, one) for k, ways in enumerate(firsts) for one in ways.values()}
        found = {}
        for place, prediction in zip(taken, model.predictions_of(*lists, [*taken.values()]), strict=True):
            example = part[place[0]]
            lacking = ~np.isfinite(example.reference).all(-1)
            reference = np.where(lacking[:, None], prediction.positions, example.reference)
            error = float(symmetric_rmsds(example.mol, [prediction.positions, reference])[0, 1])
            found[place] = cast(Evidence, prediction.evidence), error
        for k, ways in enumerate(firsts):
            for way, one in ways.items():
                results[way].append(found[k, one.number])
    return results
