"""GFN2-xTB through tblite: energies, gradients, and the minimum that a geometry relaxes to."""

from typing import NamedTuple

import numpy as np
from rdkit import Chem
from scipy.optimize import minimize

from groundstate.errors import GroundstateError

BOHR = 0.529177210903  # angstrom, CODATA 2018
HARTREE = 627.5094740631  # kcal/mol
STEPS = 200
GRADIENT = 5e-4  # hartree/bohr, largest component at the minimum


class Gfn2Minimum(NamedTuple):
    """A minimised geometry (n, 3), angstrom, and how far its energy fell, kcal/mol."""

    positions: np.ndarray
    drop: float


def relax_gfn2(mol: Chem.Mol, positions: np.ndarray) -> Gfn2Minimum | None:
    """Minimise the GFN2-xTB energy of a geometry of ``mol`` (all hydrogens explicit) by L-BFGS.

    ``None`` where the electronic structure does not converge. Source: Bannwarth, Ehlert and Grimme, J. Chem.
    Theory Comput. 15, 1652 (2019). ``GroundstateError`` where tblite is not installed.
    """
    try:
        from tblite.exceptions import TBLiteRuntimeError
        from tblite.interface import Calculator
    except ImportError as error:
        raise GroundstateError(f"GFN2-xTB needs {error.name}: install the extra 'stability'") from None
    numbers = np.array([atom.GetAtomicNum() for atom in list(mol.GetAtoms())])
    unpaired = sum(atom.GetNumRadicalElectrons() for atom in list(mol.GetAtoms()))
    start = np.asarray(positions, float) / BOHR
    calculator = Calculator("GFN2-xTB", numbers, start, charge=Chem.GetFormalCharge(mol), uhf=unpaired)
    calculator.set("verbosity", 0)

    def energy_and_gradient(flat: np.ndarray) -> tuple[float, np.ndarray]:
        calculator.update(flat.reshape(-1, 3))
        result = calculator.singlepoint()
        return float(result.get("energy")), np.asarray(result.get("gradient")).ravel()

    options = {"maxiter": STEPS, "gtol": GRADIENT}
    try:
        first = energy_and_gradient(start.ravel())[0]
        relaxed = minimize(energy_and_gradient, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    except TBLiteRuntimeError:
        return None
    return Gfn2Minimum(relaxed.x.reshape(-1, 3) * BOHR, (first - float(relaxed.fun)) * HARTREE)
