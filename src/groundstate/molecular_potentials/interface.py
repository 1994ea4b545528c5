"""One face for every source of molecular energies: what it refuses, energies of many geometries at once."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from functools import cache
from typing import ClassVar, NamedTuple, cast

import numpy as np
import torch
from rdkit import Chem
from torch.nn.utils.rnn import pad_sequence

from groundstate.plugins import load

# as text: it stands on a higher floor
TRAINED = "groundstate.interatomic.molecular:TrainedPotential"
KCAL = 23.060547830619026  # kcal/mol per eV, CODATA 2018


class Evaluation(NamedTuple):
    """Energies (b,) in eV and forces (b, n, 3) in eV/angstrom, double precision, zero on padded atoms."""

    energies: torch.Tensor
    forces: torch.Tensor


# (indices (b,) of structures, positions (b, n, 3) of them in angstrom, padded to n atoms) -> their Evaluation
Surface = Callable[[torch.Tensor, torch.Tensor], Evaluation]


class MolecularPotential(ABC):
    """A source of energies for isolated molecules with all hydrogens.

    Attributes
    ----------
    name
        As on the command line.
    title
        As in a table: method and level of theory.
    device
        Where ``surface`` wants its positions.
    """

    name: ClassVar[str]
    title: ClassVar[str]

    def __init__(self, device: torch.device | str = "cpu") -> None:
        self.device = torch.device("cpu")  # of those that know no other

    @property
    @abstractmethod
    def identity(self) -> str:
        """Name and version of what computes the energies: part of every cache key."""

    @abstractmethod
    def refusal(self, mol: Chem.Mol) -> str | None:
        """Say in words, with atom and symbol, why ``mol`` has no energy here; None where it has one."""

    @abstractmethod
    def surface(self, mols: Sequence[Chem.Mol]) -> Surface:
        """Prepare the energies of ``mols`` (none refused), one per structure; conformers repeat theirs."""

    def energies(self, mols: Sequence[Chem.Mol], positions: torch.Tensor) -> torch.Tensor:
        """Compute energies (b,) in eV of ``mols`` at ``positions`` (b, n, 3), without forces."""
        return self.surface(mols)(torch.arange(len(mols), device=self.device), positions).energies

    def single_points(
        self, mols: Sequence[Chem.Mol], geometries: Sequence[np.ndarray], batch_atoms: int = 512
    ) -> np.ndarray:
        """Compute energies (b,) in eV of ``geometries`` (n_i, 3), one for each of ``mols``, in batches."""
        found = np.empty(len(mols))
        waiting = sorted(range(len(mols)), key=lambda index: mols[index].GetNumAtoms())
        while waiting:
            atoms = mols[waiting[-1]].GetNumAtoms()
            count = max(1, batch_atoms // atoms)
            batch, waiting = waiting[-count:], waiting[:-count]
            positions = pad([geometries[i] for i in batch], self.device)
            found[batch] = self.energies([mols[i] for i in batch], positions).cpu().numpy()
        return found


def find_molecular_potential(name: str, device: torch.device | str = "cpu") -> MolecularPotential:
    """Make a potential by its name in ``plugins``, a checkpoint, or a subclass as ``package.module:Class``.

    Raises ``GroundstateError`` for an unknown name or reference, or a file that is no trained potential.
    """
    if name.endswith(".ckpt"):
        make = load(TRAINED, MolecularPotential, "molecular potential")
        return cast(Callable[..., MolecularPotential], make)(name, device)
    found = load(name, MolecularPotential, "molecular potential")
    return found(device) if isinstance(found, type) else cast(MolecularPotential, found)


@cache
def potential_of_process(name: str, device: str = "cpu") -> MolecularPotential:
    """Give the one potential of this name that a worker process keeps: its networks load once."""
    return find_molecular_potential(name, device)


def incomplete(mol: Chem.Mol) -> str | None:
    """Why ``mol`` is no molecule with all its atoms, the common refusal; None where it is one."""
    for atom in mol.GetAtoms():
        if atom.GetTotalNumHs():
            return f"hydrogens of {atom.GetSymbol()}{atom.GetIdx() + 1} are missing: add them"
        if not atom.GetAtomicNum():
            return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) is not an element"
    return None


def open_shell(mol: Chem.Mol) -> str | None:
    """Where ``mol`` has unpaired electrons, or an odd number of electrons; None for a closed shell."""
    for atom in mol.GetAtoms():
        if count := atom.GetNumRadicalElectrons():
            name = f"{atom.GetSymbol()}{atom.GetIdx() + 1}"
            return f"open shell: {count} unpaired electron{'s' * (count > 1)} at {name}"
    electrons = sum(atom.GetAtomicNum() for atom in mol.GetAtoms()) - Chem.GetFormalCharge(mol)
    return f"open shell: an odd number of electrons ({electrons})" if electrons % 2 else None


def pad(geometries: Sequence[np.ndarray], device: torch.device | None = None) -> torch.Tensor:
    """Geometries (n_i, 3) of different sizes as one tensor (b, n, 3), double precision, padded with zeros."""
    rows = [torch.as_tensor(np.asarray(one, float)) for one in geometries]
    return pad_sequence(rows, batch_first=True).to(device)
