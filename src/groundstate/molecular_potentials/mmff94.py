"""MMFF94 of RDKit behind the face of molecular potentials."""

from collections.abc import Callable, Sequence

import numpy as np
import rdkit
import torch
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from groundstate.molecular_potentials.interface import (
    KCAL,
    Evaluation,
    MolecularPotential,
    Surface,
    incomplete,
)


class Mmff94(MolecularPotential):
    """The Merck force field: Halgren, J. Comput. Chem. 17, 490 (1996)."""

    name = "mmff94"
    title = "MMFF94"

    @property
    def identity(self) -> str:
        """The version of RDKit."""
        return f"{self.name} rdkit {rdkit.__version__}"

    def refusal(self, mol: Chem.Mol) -> str | None:
        """Refuse molecules that lack hydrogens, and atoms without parameters."""
        if fault := incomplete(mol):
            return fault
        with rdBase.BlockLogs():
            known = rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol)
        return None if known else "MMFF94 has no parameters for this molecule"

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        """One force field per molecule, built once, called one geometry after the other."""
        functions = {id(mol): mmff_function(mol) for mol in mols}

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            energies = torch.zeros(len(which), dtype=torch.float64)
            forces = torch.zeros(positions.shape, dtype=torch.float64)
            for row, index in enumerate(which.tolist()):
                atoms = mols[index].GetNumAtoms()
                energy, gradient = functions[id(mols[index])](positions[row, :atoms].flatten().numpy())
                energies[row] = energy
                forces[row, :atoms] = -torch.as_tensor(gradient).view(-1, 3)
            return Evaluation(energies, forces)

        return evaluate


def mmff_function(mol: Chem.Mol) -> Callable[[np.ndarray], tuple[float, np.ndarray]]:
    """Give the energy (eV) and gradient (3n, eV/angstrom) of ``mol`` by its positions (3n, angstrom).

    MMFF94 must have parameters for ``mol``.
    """
    own = Chem.Mol(mol)
    own.RemoveAllConformers()
    own.AddConformer(Chem.Conformer(own.GetNumAtoms()))  # the force field wants one, whatever it is
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(own)
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(own, properties, nonBondedThresh=1000.0)
    field.Initialize()

    def evaluate(flat: np.ndarray) -> tuple[float, np.ndarray]:
        positions = flat.tolist()
        # the energy first: `CalcGrad` keeps the distances of the geometry before it
        energy = field.CalcEnergy(positions)
        return energy / KCAL, np.array(field.CalcGrad(positions)) / KCAL

    return evaluate
