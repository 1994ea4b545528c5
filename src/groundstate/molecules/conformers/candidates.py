"""Candidate geometries of one molecule: its conformers, and their images that differ by hand or numbering."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import pdist

from groundstate.molecules.conformers.choice import unminimised
from groundstate.molecules.conformers.hydrogen_numbering import (
    follow_rules,
    hydrogen_groups,
    other_numberings,
)
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.equivalence import equivalent_orders
from groundstate.molecules.stereo import match_stereo

SAME = 0.05  # angstrom: largest difference of distances within which two candidates are one
MOST_ORDERS = 12  # renumberings of equivalent heavy atoms
MOST = 96  # candidates per molecule; those of high energy are left out


class Candidates(NamedTuple):
    """What may be the ground state of one molecule, in single geometries of ``mol``'s atoms."""

    positions: list[np.ndarray]  # (n, 3) each, angstrom, about their mean
    hints: np.ndarray  # (candidates, 2): energy above the lowest in 10 kcal/mol, share of the conformers
    rows: list[Mapping]  # the conformer of each
    shapes: list[int]  # equal for candidates that differ by numbers alone: one conformer, one hand
    failed: str | None  # why none of them is sound; they are then the lowest conformer, or embeddings, alone


def candidates_of(
    mol: Chem.Mol, rows: Sequence[Mapping], rules: Mapping[str, Mapping[str, int]]
) -> Candidates:
    """Make candidates of the ``mmff`` rows of a molecule (at least one), lowest energy first.

    Where the data set numbers hydrogens by rules, a conformer stands for several candidates: the mirror image
    of a conformer (where it has the same stereo) is another geometry once its hydrogens follow ``rules``,
    which have a hand. So is every renumbering of equivalent heavy atoms, and of hydrogens where the rules
    leave it open.
    """
    soundness = Soundness(mol)
    sound = [row for row in rows if row["stereo_kept"] and soundness.fault(row["positions"]) is None]
    failed = unminimised(rows[0], mol)
    if not sound:
        sound = [min(rows, key=lambda row: (not row["stereo_kept"], _energy(row)))]
        reason = soundness.fault(sound[0]["positions"])
        failed = failed or reason or "it does not have the stereo of the input"
    sound = sorted(sound, key=_energy)
    fields = {row["force_field"] for row in sound}  # energies of two force fields are not on one scale
    lowest = _energy(sound[0]) if len(fields) == 1 else math.inf
    total = sum(row["copies"] for row in sound)
    numbered = bool(rules["hand"] or rules["anti"])
    groups = list(hydrogen_groups(mol)) if numbered else []
    maps = equivalent_orders(mol, MOST_ORDERS) if numbered else [np.arange(mol.GetNumAtoms())]
    positions, hints, used, shapes = [], [], [], []
    distances: list[np.ndarray] = []
    for number, row in enumerate(sound):
        above = _energy(row) - lowest if math.isfinite(lowest) else 0.0
        hint = (min(above, 30.0) / 10, row["copies"] / total)
        for hand, image in _images(mol, row, maps, numbered and not failed):
            for one in other_numberings(groups, follow_rules(groups, image, rules), rules):
                between = pdist(one)
                if not distances or np.abs(np.stack(distances) - between).max(1, initial=0.0).min() >= SAME:
                    distances.append(between)
                    positions.append(one)
                    hints.append(hint)
                    used.append(row)
                    shapes.append(2 * number + (hand < 0))
        if len(positions) >= MOST:
            break
    return Candidates(
        positions[:MOST], np.array(hints[:MOST], np.float32), used[:MOST], shapes[:MOST], failed
    )


def _images(
    mol: Chem.Mol, row: Mapping, orders: Sequence[np.ndarray], every: bool
) -> Iterator[tuple[float, np.ndarray]]:
    """Give (hand, the conformer), then (``every``) its images of the same stereo."""
    first = centred(row["positions"])
    yield 1.0, first
    for hand in (1.0, -1.0) if every else ():
        for order in orders:
            image = first[order] * [1.0, 1.0, hand]
            if (hand < 0 or not np.array_equal(order, orders[0])) and match_stereo(mol, image).complete:
                yield hand, image


def _energy(row: Mapping) -> float:
    return math.inf if row["energy"] is None else row["energy"]


def centred(positions: np.ndarray) -> np.ndarray:
    """Shift positions to their mean: single precision then resolves them best."""
    positions = np.asarray(positions, float)
    return positions - positions.mean(0)
