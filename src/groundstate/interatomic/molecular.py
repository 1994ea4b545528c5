"""A trained potential behind the face of molecular potentials: molecules are relaxed in batches by it."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import torch
from ase import Atoms
from ase.data import chemical_symbols
from rdkit import Chem

from groundstate.interatomic.calculator import load_committee, predict
from groundstate.molecular_potentials.interface import Evaluation, MolecularPotential, Surface, incomplete


class TrainedPotential(MolecularPotential):
    """The checkpoint of ``groundstate train potential``: neutral molecules of the elements that it has seen.

    Parameters
    ----------
    path
        ``best.ckpt``.
    device
        Where it is computed; ``cpu`` or ``cuda``.
    """

    name = "trained"
    title = "trained potential"

    def __init__(self, path: str | Path, device: torch.device | str = "cpu") -> None:
        super().__init__()
        self.networks = load_committee(path, str(device))
        self.digest = hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]

    @property
    def identity(self) -> str:
        """The content of the checkpoint."""
        return f"{self.name} {self.digest}"

    def refusal(self, mol: Chem.Mol) -> str | None:
        """Refuse molecules that lack hydrogens, charged ones, and elements of no training structure."""
        if fault := incomplete(mol):
            return fault
        if charge := Chem.GetFormalCharge(mol):
            return f"it has a charge of {charge}; a trained potential knows no charges"
        elements = self.networks[0].elements
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() not in elements:
                known = ", ".join(chemical_symbols[z] for z in elements)
                where = f"{atom.GetSymbol()}{atom.GetIdx() + 1}"
                return f"the potential has not seen the element of {where}; it knows {known}"
        return None

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        """One batch of all that is asked for at once."""
        numbers = [[atom.GetAtomicNum() for atom in mol.GetAtoms()] for mol in mols]

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            structures = [
                Atoms(numbers[index], positions=row[: len(numbers[index])].numpy())
                for index, row in zip(which.tolist(), positions, strict=True)
            ]
            energies = torch.zeros(len(structures), dtype=torch.float64)
            forces = torch.zeros(positions.shape, dtype=torch.float64)
            for row, result in enumerate(predict(self.networks, structures)):
                energies[row] = result["energy"]
                forces[row, : len(structures[row])] = torch.as_tensor(result["forces"])
            return Evaluation(energies, forces)

        return evaluate
