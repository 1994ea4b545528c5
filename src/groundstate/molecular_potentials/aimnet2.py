"""AIMNet2 (wB97M-D3): energies and forces of closed-shell molecules of 14 elements, neutral or charged."""

import io
from collections.abc import Sequence
from functools import cached_property

import torch
from rdkit import Chem

from groundstate.molecular_potentials.interface import (
    Evaluation,
    MolecularPotential,
    Surface,
    incomplete,
    open_shell,
)
from groundstate.molecular_potentials.weights import ENSEMBLE, NETWORK, Weights, read_weights

ELEMENTS = ("H", "B", "C", "N", "O", "F", "Si", "P", "S", "Cl", "As", "Se", "Br", "I")


class Aimnet2(MolecularPotential):
    """One network of AIMNet2, in single precision; ``spread`` asks all four of the ensemble.

    Source: Anstine, Zubatyuk and Isayev, Chem. Sci. 16, 10228 (2025). The weights are fetched when they are
    first needed.
    """

    name = "aimnet2"
    title = "AIMNet2 (wB97M-D3)"

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device(device)

    def __reduce__(self) -> tuple:
        """Goes to another process without its networks, which that process loads itself."""
        return Aimnet2, (str(self.device),)

    @property
    def identity(self) -> str:
        """The hash of the weights is the version."""
        return f"{self.name} {NETWORK.sha256[:16]}"

    def refusal(self, mol: Chem.Mol) -> str | None:
        """Refuse other elements, open shells, and molecules that lack hydrogens."""
        for atom in mol.GetAtoms():
            if atom.GetAtomicNum() and atom.GetSymbol() not in ELEMENTS:
                name = f"{atom.GetSymbol()}{atom.GetIdx() + 1}"
                return f"AIMNet2 does not know the element of atom {name}; it knows {' '.join(ELEMENTS)}"
        return incomplete(mol) or open_shell(mol)

    @cached_property
    def _network(self) -> tuple[torch.jit.ScriptModule, torch.Tensor]:
        return _without_atoms(_load(NETWORK, self.device))

    @cached_property
    def _ensemble(self) -> list[tuple[torch.jit.ScriptModule, torch.Tensor]]:
        members = _load(ENSEMBLE, self.device).models.children()
        return [_without_atoms(member.module) for member in members]  # without the forces around each

    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        """Energies and forces of one network; padded atoms have the atomic number 0, which it masks."""
        numbers, charges = self._inputs(mols)
        network, atoms = self._network

        def evaluate(which: torch.Tensor, positions: torch.Tensor) -> Evaluation:
            elements = numbers[which, : positions.shape[1]]
            own = _centred(positions, elements).float().requires_grad_()
            # the network is small and called with many shapes: optimising the graph costs more than it gives
            with torch.jit.optimized_execution(False), torch.enable_grad():
                inputs = {"coord": own, "numbers": elements, "charge": charges[which]}
                energies = network(inputs)["energy"]
                (gradient,) = torch.autograd.grad(energies.sum(), own)
            return Evaluation(energies.detach().double() + atoms[elements].sum(1), -gradient.double())

        return evaluate

    def energies(self, mols: Sequence[Chem.Mol], positions: torch.Tensor) -> torch.Tensor:
        """Energies (b,) in eV without forces, in half the time."""
        network, atoms = self._network
        return self._energies(network, atoms, mols, positions)

    def network_energies(self, mols: Sequence[Chem.Mol], positions: torch.Tensor) -> torch.Tensor:
        """Energies (4, b) in eV of ``mols`` at ``positions`` (b, n, 3) by each network of the ensemble.

        Their standard deviation is the spread; that of differences between conformers the spread of these.
        """
        return torch.stack([self._energies(*network, mols, positions) for network in self._ensemble])

    def _energies(
        self,
        network: torch.jit.ScriptModule,
        atoms: torch.Tensor,
        mols: Sequence[Chem.Mol],
        positions: torch.Tensor,
    ) -> torch.Tensor:
        numbers, charges = self._inputs(mols)
        numbers = numbers[:, : positions.shape[1]]
        inputs = {"coord": _centred(positions, numbers).float(), "numbers": numbers, "charge": charges}
        with torch.jit.optimized_execution(False), torch.no_grad():
            return network(inputs)["energy"].double() + atoms[numbers].sum(1)

    def _inputs(self, mols: Sequence[Chem.Mol]) -> tuple[torch.Tensor, torch.Tensor]:
        rows = [torch.tensor([atom.GetAtomicNum() for atom in mol.GetAtoms()]) for mol in mols]
        numbers = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True).to(self.device)
        charges = torch.tensor([float(Chem.GetFormalCharge(mol)) for mol in mols], device=self.device)
        return numbers, charges


def _centred(positions: torch.Tensor, numbers: torch.Tensor) -> torch.Tensor:
    """Positions about the mean of the true atoms, where single precision resolves them best."""
    real = (numbers > 0).unsqueeze(-1)
    mean = (positions * real).sum(1, keepdim=True) / real.sum(1, keepdim=True)
    return (positions - mean) * real


def _load(weights: Weights, device: torch.device) -> torch.jit.ScriptModule:
    network = torch.jit.load(io.BytesIO(read_weights(weights)), map_location=device).eval()
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    return network


def _without_atoms(network: torch.jit.ScriptModule) -> tuple[torch.jit.ScriptModule, torch.Tensor]:
    """Take the energies of free atoms out of the network; they come by atomic number, in double precision.

    Inside the network they are added in single precision, whose rounding is 0.18 kcal/mol for bromine.
    """
    shifts = network.outputs.atomic_shift.shifts.weight
    atoms = shifts.detach().double().squeeze(-1)
    shifts.zero_()
    return network, atoms
