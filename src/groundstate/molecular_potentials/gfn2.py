"""GFN2-xTB of tblite behind the face of molecular potentials."""

import importlib.metadata
from collections.abc import Sequence

import torch
from ase.data import chemical_symbols
from rdkit import Chem

from groundstate.molecular_potentials.interface import (
    KCAL,
    Evaluation,
    MolecularPotential,
    Surface,
    incomplete,
)
from groundstate.potentials.gfn2 import BOHR, HARTREE, Gfn2Energy

LAST_ELEMENT = 86  # radon


class Gfn2Xtb(MolecularPotential):
    """GFN2-xTB: elements up to radon, any charge; unpaired electrons are those of the graph."""

    name = "gfn2-xtb"
    title = "GFN2-xTB"

    @property
    def identity(self) -> str:
        """The version of tblite."""
        try:
            return f"{self.name} tblite {importlib.metadata.version('tblite')}"
        except importlib.metadata.PackageNotFoundError:
            return self.name

    def refusal(self, mol: Chem.Mol) -> str | None:
        """Refuse molecules that lack hydrogens, and elements beyond radon."""
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() > LAST_ELEMENT:
                return (
                    f"GFN2-xTB does not know the element of atom {atom.GetSymbol()}{atom.GetIdx() + 1}; "
                    f"it ends with {chemical_symbols[LAST_ELEMENT]}"
                )
        return incomplete(mol)

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        """One calculator per structure, called one after the other; infinite where it does not converge."""
        calculators: dict[int, Gfn2Energy] = {}

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            energies = torch.full((len(which),), float("inf"), dtype=torch.float64)
            forces = torch.zeros(positions.shape, dtype=torch.float64)
            for row, index in enumerate(which.tolist()):
                atoms = mols[index].GetNumAtoms()
                geometry = positions[row, :atoms].numpy()
                if index not in calculators:
                    calculators[index] = Gfn2Energy(mols[index], geometry)
                try:
                    energy, gradient = calculators[index](geometry.ravel() / BOHR)
                except ArithmeticError:
                    continue
                energies[row] = energy * HARTREE / KCAL
                forces[row, :atoms] = torch.as_tensor(gradient).view(-1, 3) * (-HARTREE / KCAL / BOHR)
            return Evaluation(energies, forces)

        return evaluate
