"""The ranked table: one row a crystal that was relaxed to the end."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.space_group import find_space_group
from groundstate.discovery.files import NEAR
from groundstate.discovery.proposals import Proposal
from groundstate.stability.evaluation import Evaluation
from groundstate.stability.inputs import GENERATED
from groundstate.stability.rows import StabilityRow, is_stable

P1 = 1


@dataclass(frozen=True)
class DiscoveryRow:
    """One crystal; energies in eV per atom.

    ``bound`` is ``>=`` where the hull lacks stable phases: the energy above it is a lower bound, and nothing
    is called stable. ``stable`` is on the hull, ``near_hull`` at most 25 meV per atom above. ``agrees`` says
    whether the second potential puts it on the same side of 25 meV per atom. ``volume_ratio`` is the volume
    that an atom had in the proposal over that after relaxation. ``dynamics`` and ``lowest_frequency`` (THz)
    are those of its phonons, where they are asked for.
    """

    rank: int
    id: str
    formula: str
    atoms: int
    space_group: str
    space_group_number: int
    wyckoff: str
    symprec: float
    energy_above_hull: float | None
    bound: str
    hull: str
    stable: bool
    near_hull: bool
    unique: bool
    novel: bool
    listed_as: str
    formation_energy_per_atom: float | None
    decomposition_products: str
    outcome: str
    origin: str
    symmetrised_before: bool
    volume_ratio: float | None
    second_energy_above_hull: float | None
    agrees: bool | None
    reason: str
    dynamics: str | None = None
    lowest_frequency: float | None = None
    dynamics_reason: str | None = None


def make_rows(
    evaluation: Evaluation, origins: Mapping[str, Proposal], symmetrised: Collection[str], symprec: float
) -> list[DiscoveryRow]:
    """Rank the crystals: distinct converged ones by their energy above the hull, then the others.

    Parameters
    ----------
    origins
        The proposals, by id.
    symmetrised
        Ids of those whose atoms were put on the places of a higher symmetry before relaxing.
    """
    score = evaluation.scores[GENERATED]
    rows = [
        _row(row, score.relaxed.get(row.id), origins[row.id], row.id in symmetrised, symprec)
        for row in score.rows
    ]
    return [replace(row, rank=rank) for rank, row in enumerate(sorted(rows, key=_order), 1)]


def _order(row: DiscoveryRow) -> tuple[bool, bool, float, float, str]:
    energy, formation = row.energy_above_hull, row.formation_energy_per_atom
    return (
        row.outcome != "converged" or energy is None,
        not row.unique,
        np.inf if energy is None else energy,
        np.inf if formation is None else formation,
        row.id,
    )


def relaxed_crystal(name: str, atoms: Atoms) -> Crystal:
    """Give relaxed atoms as a crystal."""
    return Crystal(name, atoms.numbers, atoms.get_scaled_positions(), atoms.cell.array)


def _row(
    row: StabilityRow, atoms: Atoms | None, proposal: Proposal, symmetrised: bool, symprec: float
) -> DiscoveryRow:
    second, near = row.second_energy_above_hull, is_stable(row, NEAR)
    found, volume_ratio = None, None
    if atoms is not None:
        found = find_space_group(relaxed_crystal(row.id, atoms), symprec)
        proposed = abs(np.linalg.det(proposal.crystal.lattice)) / len(proposal.crystal.atomic_numbers)
        volume_ratio = float(proposed * len(atoms) / atoms.get_volume())
    return DiscoveryRow(
        rank=0,
        id=row.id,
        formula=row.formula,
        atoms=row.atoms,
        space_group="P1" if found is None else found.symbol,
        space_group_number=P1 if found is None else found.number,
        wyckoff="" if found is None else found.wyckoff,
        symprec=symprec,
        energy_above_hull=row.energy_above_hull,
        bound=">=" if row.hull_incomplete and row.energy_above_hull is not None else "",
        hull=row.hull,
        stable=is_stable(row, 0.0),
        near_hull=near,
        unique=bool(row.unique),
        novel=bool(row.novel),
        listed_as=row.listed_as,
        formation_energy_per_atom=row.formation_energy_per_atom,
        decomposition_products=row.decomposition_products,
        outcome=row.outcome,
        origin=f"{proposal.source} {proposal.origin}",
        symmetrised_before=symmetrised,
        volume_ratio=volume_ratio,
        second_energy_above_hull=second,
        agrees=None if second is None else near == (not row.second_reason and second <= NEAR),
        reason=row.reason,
        dynamics=row.dynamics or None,
        lowest_frequency=row.lowest_frequency,
        dynamics_reason=row.dynamics_reason or None,
    )


def share_p1(rows: Sequence[DiscoveryRow]) -> float | None:
    """Give the share of P1 among the distinct converged crystals; None where there is none."""
    chosen = [row.space_group_number == P1 for row in rows if row.unique and row.outcome == "converged"]
    return float(np.mean(chosen)) if chosen else None
