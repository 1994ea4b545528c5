"""Harmonic modes of one crystal by finite displacements, with phonopy.

Source: Togo and Tanaka, Scripta Mater. 108, 1 (2015); Parlinski, Li and Kawazoe, Phys. Rev. Lett. 78, 4063
(1997). Phonopy is an optional package (extra ``phonons``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from ase import Atoms

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.lattice import niggli
from groundstate.crystals.space_group import find_space_group
from groundstate.errors import GroundstateError

if TYPE_CHECKING:
    pass

SYMPREC = 0.01  # angstrom; for a crystal that was relaxed tightly
PHONOPY_SYMPREC = 1e-4  # angstrom; of cells whose atoms were put on their places
IMAGINARY = -0.1  # THz; what lies below counts as imaginary (PhononBench, arXiv 2512.21227)
SHORTEST = 0.75  # of the asked length that an even multiple of a cell vector reaches at least


@dataclass(frozen=True)
class Modes:
    """Frequencies in THz (negative: imaginary), shape (q-points, modes), the first q-point is Gamma."""

    frequencies: np.ndarray

    @property
    def lowest(self) -> float:
        """The lowest frequency, in THz."""
        return float(self.frequencies.min())

    @property
    def imaginary(self) -> int:
        """How many modes lie below ``IMAGINARY``, at all q-points."""
        return int((self.frequencies < IMAGINARY).sum())


def require_phonopy() -> None:
    """Raise ``GroundstateError`` where phonopy is not installed."""
    try:
        import phonopy  # noqa: F401
    except ImportError:
        raise GroundstateError(
            "phonons need the package phonopy, which is not installed: pip install 'groundstate[phonons]'"
        ) from None


def primitive_cell(atoms: Atoms) -> Atoms:
    """Give the Niggli-reduced primitive cell with every atom on the place of its symmetry (0.01 angstrom)."""
    crystal = Crystal("", atoms.numbers, atoms.get_scaled_positions(), atoms.cell.array)
    found = find_space_group(crystal, SYMPREC)
    if found is not None:
        crystal = found.primitive
    lattice, places = niggli(crystal.lattice, crystal.frac_coords)
    return Atoms(crystal.atomic_numbers, cell=lattice, scaled_positions=places, pbc=True)


def repeats(atoms: Atoms, length: float) -> tuple[int, int, int]:
    """Give even multiples of the cell vectors, so that the zone boundary is commensurate with the supercell.

    The smallest even numbers, at least 2, that reach three quarters of ``length`` (angstrom): 4 x 4 x 4
    primitive cells of copper for 10 angstrom, 2 x 2 x 2 of silicon and rock salt.
    """
    a, b, c = (2 * max(1, int(np.ceil(SHORTEST * length / side / 2))) for side in atoms.cell.lengths())
    return a, b, c


class FiniteDisplacements:
    """The displaced supercells of a crystal that its symmetry leaves, and the modes that their forces give.

    Parameters
    ----------
    atoms
        Primitive cell in a minimum, or a saddle point.
    multiples
        Of its cell vectors, in the supercell.
    distance
        Displacement of one atom at a time, in angstrom.
    """

    def __init__(self, atoms: Atoms, multiples: tuple[int, int, int], distance: float) -> None:
        from phonopy import Phonopy
        from phonopy.structure.atoms import PhonopyAtoms

        self.multiples = multiples
        cell = PhonopyAtoms(
            numbers=atoms.numbers, cell=atoms.cell.array, scaled_positions=atoms.get_scaled_positions()
        )
        self._phonopy: Phonopy = Phonopy(
            cell, np.diag(multiples), primitive_matrix=np.eye(3), symprec=PHONOPY_SYMPREC
        )
        self._phonopy.generate_displacements(distance=distance)

    @property
    def supercells(self) -> list[Atoms]:
        """Supercells with one atom displaced, of which forces are needed."""
        return [
            Atoms(one.numbers, cell=one.cell, scaled_positions=one.scaled_positions, pbc=True)
            for one in self._phonopy.supercells_with_displacements or ()
        ]

    def modes(self, forces: Sequence[np.ndarray]) -> Modes:
        """Give the modes at all q-points that the supercell is commensurate with.

        Gamma and the zone boundary are among them. The force constants obey the acoustic sum rule and are
        symmetric; long-range dipoles of ionic crystals (the splitting of longitudinal and transverse optical
        modes at Gamma) are left out.

        Parameters
        ----------
        forces
            Of ``supercells`` in their order, each (atoms, 3), in eV/angstrom.
        """
        self._phonopy.forces = np.array(forces)
        self._phonopy.produce_force_constants(show_drift=False)
        self._phonopy.symmetrize_force_constants(show_drift=False)
        points = np.array(list(np.ndindex(*self.multiples))) / self.multiples
        return Modes(self._phonopy.run_qpoints(points).frequencies)
