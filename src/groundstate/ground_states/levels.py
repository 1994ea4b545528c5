"""Rank the geometries of molecules by energy: three levels of effort, and a stand-in for AIMNet2."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.ground_states.distinct import distinct
from groundstate.ground_states.relax import RelaxedGeometry, relax_geometries
from groundstate.molecular_potentials.interface import KCAL, MolecularPotential
from groundstate.molecular_potentials.settings import RelaxMolecules

Level = Literal["fast", "standard", "thorough"]
RELAXED = 3  # geometries per molecule that ``thorough`` relaxes
# what ``standard`` follows downhill: at most so many geometries per molecule, not further above the lowest
# single point (kcal/mol), for so many energies each
FOLLOWED, NEAR, STEPS = 5, 1.0, 12


class RankedGeometry(NamedTuple):
    """A geometry in the order of its energy.

    Attributes
    ----------
    candidate
        Which of the given geometries it is, or came from.
    positions
        (n, 3), angstrom; a minimum at the level ``thorough``.
    relative
        Energy above the best, kcal/mol; None where there are no energies.
    method
        What ranked it, such as ``AIMNet2 (wB97M-D3) single point`` or ``AIMNet2 (wB97M-D3), 12 steps``.
    note
        What did not go as asked, in words; None where all did.
    """

    candidate: int
    positions: np.ndarray
    relative: float | None
    method: str
    note: str | None


def rank_molecules(
    molecules: Sequence[tuple[Chem.Mol, Sequence[np.ndarray]]],
    level: Level,
    potentials: Sequence[MolecularPotential],
    relaxed: int = RELAXED,
) -> list[list[RankedGeometry]]:
    """Rank the geometries of each molecule, best first.

    ``fast`` keeps the given order, that of the network. ``standard`` takes single-point energies and, where
    several lie near the lowest, those after a few steps of relaxation; the geometries stay as given.
    ``thorough`` relaxes the ``relaxed`` lowest single points, and gives the distinct minima alone.

    Parameters
    ----------
    molecules
        (molecule with all hydrogens, its geometries (n, 3), at least one).
    potentials
        The first that takes a molecule ranks it, such as AIMNet2 before MMFF94; where none does, the order
        stays, and the note says why.
    """
    if level == "fast":
        return [_given(geometries, None) for _, geometries in molecules]
    ranked: list[list[RankedGeometry] | None] = [None] * len(molecules)
    notes: list[list[str]] = [[] for _ in molecules]
    for potential in potentials:
        mine = []
        for index, (mol, _) in enumerate(molecules):
            if ranked[index] is None:
                refusal = potential.refusal(mol)
                if refusal is None:
                    mine.append(index)
                else:
                    notes[index].append(refusal)
        results = _rank([molecules[index] for index in mine], level, potential, relaxed)
        for index, result in zip(mine, results, strict=True):
            if result:
                note = "; ".join([*notes[index], *([result[0].note] if result[0].note else [])]) or None
                ranked[index] = [one._replace(note=note) for one in result]
            else:
                notes[index].append(f"{potential.title} gives no finite energy")
    return [
        _given(geometries, "; ".join(note) or None) if result is None else result
        for (_, geometries), result, note in zip(molecules, ranked, notes, strict=True)
    ]


def _given(geometries: Sequence[np.ndarray], note: str | None) -> list[RankedGeometry]:
    return [
        RankedGeometry(i, np.asarray(one, float), None, "network", note) for i, one in enumerate(geometries)
    ]


def _rank(
    molecules: Sequence[tuple[Chem.Mol, Sequence[np.ndarray]]],
    level: Level,
    potential: MolecularPotential,
    relaxed: int,
) -> list[list[RankedGeometry]]:
    """Rank by one potential; an empty list where it has no finite energy."""
    flat = [(mol, np.asarray(one, float)) for mol, geometries in molecules for one in geometries]
    energies = potential.single_points([mol for mol, _ in flat], [one for _, one in flat])
    points, first = [], 0
    for _, geometries in molecules:
        points.append(energies[first : first + len(geometries)] * KCAL)
        first += len(geometries)
    order = [
        [i for i in distinct(energy.tolist(), geometries) if np.isfinite(energy[i])]
        for (_, geometries), energy in zip(molecules, points, strict=True)
    ]
    if level == "thorough":
        return _minima(molecules, points, [chosen[:relaxed] for chosen in order], potential)
    return _followed(molecules, points, order, potential)


def _followed(
    molecules: Sequence[tuple[Chem.Mol, Sequence[np.ndarray]]],
    points: Sequence[np.ndarray],
    order: Sequence[Sequence[int]],
    potential: MolecularPotential,
) -> list[list[RankedGeometry]]:
    """Rank by single points, less what a few steps of relaxation take off where several are low.

    The others are taken to fall as far as those of their molecule that were followed do on average, so that
    none of them comes first.
    """
    near = [
        [i for i in chosen[:FOLLOWED] if energy[i] <= energy[chosen[0]] + NEAR]
        for energy, chosen in zip(points, order, strict=True)
    ]
    several = [some if len(some) > 1 else [] for some in near]
    ends = _relaxed(molecules, several, potential, RelaxMolecules(max_calls=STEPS))
    ranked = []
    for (_, geometries), energy, chosen, mine in zip(molecules, points, order, ends, strict=True):
        low = {i: one.energy * KCAL for i, one in mine.items() if one.fault is None}
        drop = np.mean([energy[i] - low[i] for i in low]) if low else 0.0
        heights = {i: low.get(i, energy[i] - drop) for i in chosen}
        best = min(heights.values(), default=0.0)
        ranked.append(
            [
                RankedGeometry(
                    i,
                    np.asarray(geometries[i], float),
                    float(heights[i] - best),
                    f"{potential.title}{f', {STEPS} steps' if i in low else ' single point'}",
                    None,
                )
                for i in sorted(chosen, key=heights.__getitem__)
            ]
        )
    return ranked


def _relaxed(
    molecules: Sequence[tuple[Chem.Mol, Sequence[np.ndarray]]],
    chosen: Sequence[Sequence[int]],
    potential: MolecularPotential,
    settings: RelaxMolecules,
) -> list[dict[int, RelaxedGeometry]]:
    """Relax the ``chosen`` geometries of each molecule, by their numbers."""
    jobs = [(place, i) for place, some in enumerate(chosen) for i in some]
    results = relax_geometries(
        potential,
        [molecules[place][0] for place, _ in jobs],
        [molecules[place][1][i] for place, i in jobs],
        settings,
    )
    ends: list[dict[int, RelaxedGeometry]] = [{} for _ in molecules]
    for (place, i), one in zip(jobs, results, strict=True):
        ends[place][i] = one
    return ends


def _minima(
    molecules: Sequence[tuple[Chem.Mol, Sequence[np.ndarray]]],
    points: Sequence[np.ndarray],
    order: Sequence[Sequence[int]],
    potential: MolecularPotential,
) -> list[list[RankedGeometry]]:
    """Rank the distinct minima below the chosen geometries; single points where none of them is sound."""
    ranked = []
    ends = _relaxed(molecules, order, potential, RelaxMolecules())
    for place, ((_, geometries), mine) in enumerate(zip(molecules, ends, strict=True)):
        sound = [(i, one) for i, one in mine.items() if one.fault is None]
        if not sound:
            note = next((one.fault for one in mine.values()), None)
            single = f"{potential.title} single point"
            ranked.append(_sorted(geometries, order[place], points[place][list(order[place])], single, note))
            continue
        minima = {i: one for i, one in sound}
        note = None if sound[0][1].converged else "a minimisation did not converge"
        kept = distinct([one.energy * KCAL for _, one in sound], [one.positions for _, one in sound])
        chosen = [sound[k][0] for k in kept]
        energy = np.array([minima[i].energy * KCAL for i in chosen])
        shapes = {i: minima[i].positions for i in chosen}
        ranked.append(_sorted(shapes, chosen, energy, f"{potential.title} minimum", note))
    return ranked


def _sorted(
    geometries: "Sequence[np.ndarray] | dict[int, np.ndarray]",
    chosen: Sequence[int],
    energies: np.ndarray,
    method: str,
    note: str | None,
) -> list[RankedGeometry]:
    """``chosen``, which are in the order of their ``energies`` (kcal/mol)."""
    return [
        RankedGeometry(i, np.asarray(geometries[i], float), float(energy - energies[0]), method, note)
        for i, energy in zip(chosen, energies, strict=True)
    ]
