"""GFN2-xTB through tblite: the ASE calculator, and the minimum that a molecule relaxes to."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.optimize import minimize

from groundstate.errors import GroundstateError

if TYPE_CHECKING:
    from ase.calculators.calculator import Calculator as AseCalculator
    from rdkit import Chem

METHOD = "GFN2-xTB"  # Bannwarth, Ehlert and Grimme, J. Chem. Theory Comput. 15, 1652 (2019)
BOHR = 0.529177210903  # angstrom, CODATA 2018
HARTREE = 627.5094740631  # kcal/mol
STEPS = 200
GRADIENT = 5e-4  # hartree/bohr, largest component at the minimum


class Gfn2Minimum(NamedTuple):
    """A minimised geometry (n, 3), angstrom, and how far its energy fell, kcal/mol."""

    positions: np.ndarray
    drop: float


def gfn2_calculator() -> AseCalculator:
    """Return the ASE calculator of neutral, closed-shell molecules and of crystals."""
    from tblite.ase import TBLite

    return TBLite(method=METHOD, verbosity=0)


class Gfn2Energy:
    """The GFN2-xTB energy of a molecule, with its charge and unpaired electrons, by its geometry.

    Parameters
    ----------
    mol
        Molecule with all hydrogens explicit.
    positions
        Any geometry (n, 3) of it, angstrom, in the molecule's atom order.

    Raises
    ------
    GroundstateError
        tblite is not installed.
    """

    def __init__(self, mol: Chem.Mol, positions: np.ndarray) -> None:
        try:
            from tblite.exceptions import TBLiteRuntimeError
            from tblite.interface import Calculator
        except ImportError as error:
            raise GroundstateError(f"{METHOD} needs {error.name}: install the extra 'stability'") from None
        self._failure = TBLiteRuntimeError
        atoms = list(mol.GetAtoms())
        numbers = np.array([atom.GetAtomicNum() for atom in atoms])
        charge = sum(atom.GetFormalCharge() for atom in atoms)
        unpaired = sum(atom.GetNumRadicalElectrons() for atom in atoms)
        start = np.asarray(positions, float) / BOHR
        self._calculator = Calculator(METHOD, numbers, start, charge=charge, uhf=unpaired)
        self._calculator.set("verbosity", 0)

    def __call__(self, flat: np.ndarray) -> tuple[float, np.ndarray]:
        """Energy (hartree) and gradient (3 n, hartree/bohr) at ``flat`` (3 n, bohr).

        Raises ``ArithmeticError`` where the electronic structure does not converge.
        """
        self._calculator.update(flat.reshape(-1, 3))
        try:
            result = self._calculator.singlepoint()
        except self._failure as error:
            raise ArithmeticError(str(error)) from None
        return float(result.get("energy")), np.asarray(result.get("gradient")).ravel()


def relax_gfn2(mol: Chem.Mol, positions: np.ndarray) -> Gfn2Minimum | None:
    """Minimise the energy of ``Gfn2Energy`` from a start geometry (n, 3), angstrom, by L-BFGS.

    Returns
    -------
    The minimum, or None where the electronic structure does not converge.
    """
    energy_and_gradient = Gfn2Energy(mol, positions)
    start = np.asarray(positions, float).ravel() / BOHR
    options = {"maxiter": STEPS, "gtol": GRADIENT}
    try:
        first = energy_and_gradient(start)[0]
        relaxed = minimize(energy_and_gradient, start, jac=True, method="L-BFGS-B", options=options)
    except ArithmeticError:
        return None
    return Gfn2Minimum(relaxed.x.reshape(-1, 3) * BOHR, (first - float(relaxed.fun)) * HARTREE)
