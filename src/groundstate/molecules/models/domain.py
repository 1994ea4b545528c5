"""Whether a molecule is like those that a model was trained on: its elements, its size, its atoms' bonds."""

from collections.abc import Mapping, Sequence
from typing import Any

from rdkit import Chem

from groundstate.molecules.mols import RecordError

# Metalloids that molecules are made of count among them, and the noble gases.
NONMETALS = frozenset([*range(1, 3), *range(5, 11), *range(14, 19), *range(32, 37), *range(51, 55), 85, 86])
NAMED = 3  # environments that a sentence names
BONDS = {1.0: "-", 1.5: ":", 2.0: "=", 3.0: "#"}


def check_elements(mol: Chem.Mol, elements: Sequence[int] | None) -> None:
    """Raise ``RecordError`` for an element not among ``elements`` (atomic numbers; None allows all)."""
    if elements is None:
        return
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() not in elements:
            trained = ", ".join(Chem.GetPeriodicTable().GetElementSymbol(number) for number in elements)
            raise RecordError(f"element {atom.GetSymbol()} was not in the training set ({trained})")


def check_no_metal(mol: Chem.Mol) -> None:
    """Raise ``RecordError`` that names the first metal: no force field or network here describes one."""
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() not in NONMETALS:
            raise RecordError(
                f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()}) is a metal, which no force field or network "
                "here describes; leave it out, or take a quantum-chemical method"
            )


class Domain:
    """What there is in the molecules of a training part, collected one after the other."""

    def __init__(self) -> None:
        self.heavy_atoms = 0
        self.environments: set[str] = set()

    def add(self, mol: Chem.Mol) -> None:
        """Count a molecule in."""
        self.heavy_atoms = max(self.heavy_atoms, mol.GetNumHeavyAtoms())
        self.environments.update(_environments(mol))

    def config(self) -> dict[str, Any]:
        """Give JSON values for a checkpoint: the most heavy atoms, and the atoms with their bonds."""
        return {"heavy_atoms": self.heavy_atoms, "environments": sorted(self.environments)}


def outside(mol: Chem.Mol, domain: Mapping[str, Any]) -> str | None:
    """Say in words what a molecule has that no training molecule had; None where it has nothing."""
    reasons = []
    if (size := mol.GetNumHeavyAtoms()) > domain["heavy_atoms"]:
        reasons.append(f"{size} heavy atoms, in training at most {domain['heavy_atoms']}")
    if unseen := list(dict.fromkeys(unseen_environments(mol, domain))):
        more = f" and {len(unseen) - NAMED} more" * (len(unseen) > NAMED)
        reasons.append(f"atoms bonded as none in training: {', '.join(unseen[:NAMED])}{more}")
    return "; ".join(reasons) or None


def unseen_environments(mol: Chem.Mol, domain: Mapping[str, Any]) -> list[str]:
    """Name the atoms of a molecule that are bonded as none in training."""
    known = set(domain["environments"])
    return [one for one in _environments(mol) if one not in known]


def _environments(mol: Chem.Mol) -> list[str]:
    """Name each heavy atom by its element, charge, hydrogens and bonds, such as ``CH1(-C)(=O)``."""
    names = []
    for atom in mol.GetAtoms():
        bonds = [
            f"({BONDS.get(bond.GetBondTypeAsDouble(), '~')}{other.GetSymbol()})"
            for bond in atom.GetBonds()
            if (other := bond.GetOtherAtom(atom)).GetAtomicNum() > 1
        ]
        if atom.GetAtomicNum() > 1 or not bonds:
            charge = f"{atom.GetFormalCharge():+d}" if atom.GetFormalCharge() else ""
            radicals = "." * atom.GetNumRadicalElectrons()
            hydrogens = f"H{atom.GetTotalNumHs(includeNeighbors=True)}"
            names.append(f"{atom.GetSymbol()}{charge}{radicals}{hydrogens}{''.join(sorted(bonds))}")
    return names
