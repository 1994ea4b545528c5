"""Minima of MMFF94 and UFF that keep the stereo and what is known of the types of bonds."""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from groundstate.molecules.conformers.bond_types import BondTypes, torsion
from groundstate.molecules.mols import set_positions
from groundstate.molecules.stereo import match_stereo

STIFFNESS = 50000.0  # kcal/mol/angstrom^2: holds a length against any term of the force field
NARROW = 0.051  # angstrom: of a narrower range the middle is held
TURNING = 100.0  # kcal/mol/degree^2
WITHIN = 2.0  # degrees: how far a torsion may be from where it is held


class Embedded(NamedTuple):
    """A start geometry, hydrogens included, and how it came about.

    ``origin``: ``etkdg``, ``random_coordinates`` (ETKDGv3 from a random start), or ``fallback``: RDKit
    refused every attempt, so its own checks are off; ``stereo_kept`` then says whether the stereo is still
    right.
    """

    positions: np.ndarray
    origin: str
    stereo_kept: bool


class Relaxed(NamedTuple):
    """A minimised geometry; ``force_field`` is ``mmff94``, ``uff`` (MMFF94 lacks parameters) or ``none``."""

    positions: np.ndarray
    energy: float | None  # kcal/mol
    force_field: str
    stereo_kept: bool


def relax(mol: Chem.Mol, starts: Sequence[Embedded], steps: int) -> list[Relaxed]:
    """Minimise with MMFF94; UFF where it has no parameters, or its minimum another stereo.

    A minimum that the types of the bonds exclude (``bond_types``) is minimised again with these lengths and
    torsions held; where that does not help either, a start without such a fault comes back unchanged, as does
    one whose stereo no force field keeps.

    Parameters
    ----------
    starts
        Of ``mol``, all hydrogens explicit.
    steps
        Most minimisation steps.
    """
    types = BondTypes(mol)
    relaxed: dict[int, Relaxed] = {}
    faulty: dict[int, Relaxed] = {}  # the first minimum with the right stereo, where its bonds are not right
    for name in ("mmff94", "uff"):
        todo = [number for number in range(len(starts)) if number not in relaxed]
        if not todo or not _has_parameters(mol, name):
            continue
        minima = _minimised(mol, [starts[number] for number in todo], name, steps)
        for number, minimum in zip(todo, minima, strict=True):
            start = starts[number]
            for attempt in chain([minimum], _held(mol, types, start, minimum, steps)):
                if attempt.stereo_kept or not start.stereo_kept:
                    if types.fault(attempt.positions) is None:
                        relaxed[number] = attempt
                        break
                    faulty.setdefault(number, attempt)
    for number, start in enumerate(starts):
        unchanged = Relaxed(start.positions, None, "none", start.stereo_kept)
        instead = unchanged if types.fault(start.positions) is None else faulty.get(number, unchanged)
        relaxed.setdefault(number, instead)
    return [relaxed[number] for number in range(len(starts))]


def _has_parameters(mol: Chem.Mol, name: str) -> bool:
    with rdBase.BlockLogs():
        if name == "mmff94":
            return bool(rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol))
        return bool(rdForceFieldHelpers.UFFHasAllMoleculeParams(mol))


def _minimised(mol: Chem.Mol, starts: Sequence[Embedded], name: str, steps: int) -> list[Relaxed]:
    copy = Chem.Mol(mol)
    copy.RemoveAllConformers()
    for start in starts:
        conformer = Chem.Conformer(mol.GetNumAtoms())
        conformer.SetPositions(np.ascontiguousarray(start.positions))
        copy.AddConformer(conformer, assignId=True)
    with rdBase.BlockLogs():
        if name == "mmff94":
            energies = rdForceFieldHelpers.MMFFOptimizeMoleculeConfs(copy, maxIters=steps)
        else:
            energies = rdForceFieldHelpers.UFFOptimizeMoleculeConfs(copy, maxIters=steps)
    results = zip(copy.GetConformers(), energies, strict=True)
    return [_relaxed(mol, conformer.GetPositions(), energy, name) for conformer, (_, energy) in results]


def _relaxed(mol: Chem.Mol, positions: np.ndarray, energy: float, name: str) -> Relaxed:
    kept = bool(np.isfinite(positions).all()) and match_stereo(mol, positions).complete
    return Relaxed(positions, energy, name, kept)


def _held(
    mol: Chem.Mol, types: BondTypes, start: Embedded, minimum: Relaxed, steps: int
) -> Iterator[Relaxed]:
    """Minimise again from the start, with what the types of the bonds say held; nothing without steps."""
    if steps == 0 or not np.isfinite(minimum.positions).all():
        return
    with rdBase.BlockLogs():
        copy = set_positions(mol, start.positions)
        field = _force_field(copy, minimum.force_field)
        prefix = "MMFF" if minimum.force_field == "mmff94" else "UFF"
        hold_length = getattr(field, f"{prefix}AddDistanceConstraint")
        hold_torsion = getattr(field, f"{prefix}AddTorsionConstraint")
        for (i, j), (shortest, longest) in types.lengths.items():
            middle = (shortest + longest) / 2
            ends = (middle, middle) if longest - shortest <= NARROW else (shortest, longest)
            hold_length(i, j, False, *ends, STIFFNESS)
        for atoms, planar in types.cumulenes:
            at = _nearest_turn(torsion(*start.positions[list(atoms)]), planar)
            hold_torsion(*atoms, False, at - WITHIN, at + WITHIN, TURNING)
        field.Minimize(maxIts=steps)
        energy = _force_field(copy, minimum.force_field).CalcEnergy()
    yield _relaxed(mol, copy.GetConformer().GetPositions(), energy, minimum.force_field)


def _nearest_turn(turn: float, planar: bool) -> float:
    if planar:
        return 0.0 if abs(turn) < 90 else 180.0
    return 90.0 if turn > 0 else -90.0


def _force_field(mol: Chem.Mol, name: str) -> Any:  # noqa: ANN401 (RDKit's class has no type of its own)
    if name == "mmff94":
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(mol)
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(mol, properties)
    else:
        field = rdForceFieldHelpers.UFFGetMoleculeForceField(mol)
    field.Initialize()
    return field
