"""Inputs of several molecules in one: salts, hydrates, mixtures."""

from collections.abc import Sequence

from rdkit import Chem

from groundstate.molecules.dataset.settings import Fragments
from groundstate.molecules.mols import RecordError

STRIPPED = "stripped"  # property of the molecule: SMILES of what was taken off


def one_molecule(mol: Chem.Mol, choice: Fragments) -> Chem.Mol:
    """Give ``mol`` itself where it is one molecule, else its largest part.

    The largest has the most heavy atoms, then the highest mass, then stands first. It keeps its charge,
    geometry, stereo and atom order, and says in its property ``stripped`` what was taken off.

    Raises ``RecordError`` with ``choice`` ``refuse``.
    """
    parts = Chem.GetMolFrags(mol)
    if len(parts) < 2:
        return mol
    if choice == "refuse":
        raise RecordError(
            f"{len(parts)} disconnected fragments; keep one molecule per record, or choose fragments: largest"
        )
    kept = max(range(len(parts)), key=lambda number: (*_size(mol, parts[number]), -number))
    rest = [index for number, part in enumerate(parts) if number != kept for index in part]
    largest = _without(mol, rest)
    largest.SetProp(STRIPPED, Chem.MolToSmiles(Chem.RemoveHs(_without(mol, parts[kept]))))
    return largest


def _size(mol: Chem.Mol, part: Sequence[int]) -> tuple[int, float]:
    atoms = [mol.GetAtomWithIdx(index) for index in part]
    return sum(atom.GetAtomicNum() > 1 for atom in atoms), sum(atom.GetMass() for atom in atoms)


def _without(mol: Chem.Mol, indices: Sequence[int]) -> Chem.Mol:
    editable = Chem.RWMol(mol)
    editable.BeginBatchEdit()
    for index in indices:
        editable.RemoveAtom(index)
    editable.CommitBatchEdit()
    return editable.GetMol()
