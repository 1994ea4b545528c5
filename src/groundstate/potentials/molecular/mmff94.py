"""MMFF94 of RDKit behind the face of molecular potentials."""

from collections.abc import Sequence

import rdkit
import torch
from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

from groundstate.potentials.molecular.interface import (
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
        fields = {id(mol): _field(mol) for mol in mols}

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            energies = torch.zeros(len(which), dtype=torch.float64)
            forces = torch.zeros(positions.shape, dtype=torch.float64)
            for row, index in enumerate(which.tolist()):
                mol = mols[index]
                flat = positions[row, : mol.GetNumAtoms()].flatten().tolist()
                # the energy first: `CalcGrad` keeps the distances of the geometry before it
                energies[row] = fields[id(mol)].CalcEnergy(flat) / KCAL
                gradient = torch.tensor(fields[id(mol)].CalcGrad(flat), dtype=torch.float64)
                forces[row, : mol.GetNumAtoms()] = -gradient.view(-1, 3) / KCAL
            return Evaluation(energies, forces)

        return evaluate


def _field(mol: Chem.Mol) -> "rdForceFieldHelpers.ForceField":
    own = Chem.Mol(mol)
    own.RemoveAllConformers()
    own.AddConformer(Chem.Conformer(own.GetNumAtoms()))  # the force field wants one, whatever it is
    with rdBase.BlockLogs():
        properties = rdForceFieldHelpers.MMFFGetMoleculeProperties(own)
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(own, properties, nonBondedThresh=1000.0)
    field.Initialize()
    return field
