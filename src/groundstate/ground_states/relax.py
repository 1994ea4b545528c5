"""Relax geometries of molecules, and check that each is still its molecule."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from rdkit import Chem

from groundstate.molecular_potentials.interface import KCAL, MolecularPotential
from groundstate.molecular_potentials.relax import Relaxation, relax_molecules
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.stereo import match_stereo


class RelaxedGeometry(NamedTuple):
    """A minimum, or the geometry that it was sought from and why there is none.

    Attributes
    ----------
    positions
        (n, 3), angstrom: the minimum, or the start where ``fault`` says why.
    energy
        eV, of ``positions``.
    drop
        How far the energy fell from the start, kcal/mol.
    force
        Largest on an atom where the minimisation ended, eV/angstrom.
    fault
        Why the geometry is the start; None where it is not.
    """

    positions: np.ndarray
    energy: float
    drop: float
    force: float
    calls: int
    converged: bool
    fault: str | None


def relax_geometries(
    potential: MolecularPotential,
    mols: Sequence[Chem.Mol],
    geometries: Sequence[np.ndarray],
    settings: RelaxMolecules,
    tick: Callable[[], None] = lambda: None,
) -> list[RelaxedGeometry]:
    """Relax ``geometries`` (n_i, 3), one for each of ``mols``, keeping the bonds and the stereo of each.

    A minimum with a broken bond or another stereo, and an energy that is not finite, give the start back with
    the fault; ``converged`` says whether the forces ended below ``settings.fmax``.
    """
    results = relax_molecules(potential, mols, geometries, settings, tick)
    soundness = {id(mol): Soundness(mol) for mol in mols}
    return [
        _checked(potential, soundness[id(mol)], np.asarray(start, float), result)
        for mol, start, result in zip(mols, geometries, results, strict=True)
    ]


def _checked(
    potential: MolecularPotential, soundness: Soundness, start: np.ndarray, result: Relaxation
) -> RelaxedGeometry:
    fault = None
    if result.outcome == "failed":
        fault = f"{potential.title} gives no finite energy for this geometry"
    elif broken := soundness.fault(result.positions):
        fault = f"{potential.title} broke the molecule: {broken}; this is the geometry before"
    elif not match_stereo(soundness.mol, result.positions).complete:
        fault = f"{potential.title} changed the stereo; this is the geometry before"
    positions = start if fault else result.positions
    energy = result.first_energy if fault else result.energy
    drop = (result.first_energy - energy) * KCAL
    converged = result.outcome == "converged" and fault is None
    return RelaxedGeometry(positions, energy, drop, result.force, result.calls, converged, fault)
