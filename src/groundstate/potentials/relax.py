"""Energy, forces and stress of one crystal, and its relaxation: FIRE in the Frechet cell filter."""

from typing import Literal, NamedTuple

import numpy as np
from ase import Atoms
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from groundstate.potentials.atoms import right_handed
from groundstate.potentials.guards import geometry_fault
from groundstate.potentials.interface import Potential
from groundstate.potentials.settings import RelaxSettings

# a relaxation stops once the volume leaves the allowed range, or a distance falls short, by this factor more
RUNAWAY = 2.0


class Evaluation(NamedTuple):
    """Energy (eV), forces (eV/A, N x 3) and stress (eV/A3, 3 x 3) of one structure."""

    energy: float
    forces: np.ndarray
    stress: np.ndarray | None


class Relaxation(NamedTuple):
    """What a relaxation led to; ``outcome`` is ``converged``, ``not_converged`` or ``runaway``."""

    outcome: Literal["converged", "not_converged", "runaway"]
    steps: int
    initial_energy: float
    initial_force: float
    energy: float
    force: float
    atoms: Atoms


def evaluate(potential: Potential, atoms: Atoms) -> Evaluation:
    """Compute energy, forces and, for a periodic structure, stress.

    Raises ``FloatingPointError`` where the potential gives a number that is not finite.
    """
    atoms = right_handed(atoms).copy()
    atoms.calc = potential.calculator
    stress = atoms.get_stress(voigt=False) if atoms.pbc.all() else None
    energy, forces = float(atoms.get_potential_energy()), atoms.get_forces()
    if not (np.isfinite(energy) and np.isfinite(forces).all()):
        raise FloatingPointError("the potential gave an energy or a force that is not finite")
    return Evaluation(energy, forces, stress)


def relax(potential: Potential, atoms: Atoms, settings: RelaxSettings) -> Relaxation:
    """Relax positions and cell until every force and cell gradient is below ``settings.fmax``.

    A crystal whose volume runs away, in which atoms approach below half the allowed distance, or whose forces
    exceed ``settings.maximum_force`` before the first step, is stopped there.
    """
    atoms = right_handed(atoms).copy()
    start = evaluate(potential, atoms)
    force = largest(start.forces)
    close = settings.model_copy(
        update={
            "minimum_distance": settings.minimum_distance / RUNAWAY,
            "radii_fraction": settings.radii_fraction / RUNAWAY,
            "density_range": (0.0, np.inf),
            "angle_range": (0.0, 180.0),
        }
    )
    first_volume = atoms.get_volume()
    outcome: Literal["converged", "not_converged", "runaway"] = "not_converged"
    steps = 0
    if force <= settings.maximum_force:
        atoms.calc = potential.calculator
        optimizer = FIRE(FrechetCellFilter(atoms), logfile=None)
        for converged in optimizer.irun(fmax=settings.fmax, steps=settings.max_steps):
            steps = optimizer.get_number_of_steps()
            if converged:
                outcome = "converged"
                break
            ratio = atoms.get_volume() / first_volume
            low, high = settings.volume_ratio
            if not low / RUNAWAY <= ratio <= high * RUNAWAY or geometry_fault(atoms, close):
                outcome = "runaway"
                break
    end = evaluate(potential, atoms)
    atoms.calc = None
    return Relaxation(outcome, steps, start.energy, force, end.energy, largest(end.forces), atoms)


def largest(forces: np.ndarray) -> float:
    """Give the length of the largest force (n, 3), in its unit."""
    return float(np.linalg.norm(forces, axis=1).max())
