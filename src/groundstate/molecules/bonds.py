"""Bonds for a geometry that comes with its SMILES: QM9 stores coordinates and SMILES, but no bond table."""

from collections.abc import Sequence

import numpy as np
from rdkit import Chem
from scipy.spatial.distance import cdist

from groundstate.molecules.mols import RecordError, check_positions, parse_smiles, sanitize, set_positions

LONGEST_HYDROGEN_BOND = 1.25  # angstrom; the longest X-H of QM9 is below it
LONGEST_BOND = 1.3  # times the sum of the covalent radii
CONTACT = 1.2  # the same for finding bonds without a SMILES order: 1.3 sees false ones in 5 % of QM9

PERIODIC_TABLE = Chem.GetPeriodicTable()


def mol_from_smiles_and_positions(
    smiles: str, atomic_numbers: Sequence[int], positions: np.ndarray
) -> Chem.Mol:
    """Join the graph of ``smiles`` with a geometry; atoms come out in the order of the geometry.

    The heavy atoms of the SMILES are in the order of the heavy atoms of the geometry (where they are not, the
    contacts of the geometry are matched to the bonds); each hydrogen belongs to its nearest heavy atom.
    Counts of hydrogens and all bond lengths must then agree, so a pair that does not belong together is
    refused. Perceiving bonds from distances alone, without the SMILES, fails on 1.5 to 13 % of QM9.

    Parameters
    ----------
    positions
        (n, 3), angstrom, hydrogens included.

    Raises
    ------
    RecordError
        Where SMILES and geometry do not fit together.
    """
    numbers = np.asarray(atomic_numbers, int)
    positions = np.asarray(positions, float)
    if positions.shape != (len(numbers), 3):
        raise RecordError(f"{len(numbers)} elements, but coordinates of shape {positions.shape}")
    check_positions(positions)
    graph = Chem.RemoveAllHs(parse_smiles(smiles))
    heavy, hydrogens = np.flatnonzero(numbers != 1), np.flatnonzero(numbers == 1)
    try:
        parents = _hydrogen_parents(graph, numbers, positions)
    except RecordError:
        order = _match_contacts(graph, numbers[heavy], positions[heavy])
        if not order:
            raise
        graph = Chem.RenumberAtoms(graph, order)
        parents = _hydrogen_parents(graph, numbers, positions)
    editable = Chem.RWMol(graph)
    for atom in list(editable.GetAtoms()):
        atom.SetNumExplicitHs(0)
        atom.SetNoImplicit(True)
    for parent in parents.tolist():
        editable.AddBond(parent, editable.AddAtom(Chem.Atom(1)), Chem.BondType.SINGLE)
    mol = editable.GetMol()
    sanitize(mol)
    # position in the file -> index in `mol`: heavy atoms first, then hydrogens
    places = np.argsort(np.concatenate([heavy, hydrogens])).tolist()
    return set_positions(Chem.RenumberAtoms(mol, places), positions)


def _hydrogen_parents(graph: Chem.Mol, numbers: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Find the heavy atom of each hydrogen; ``RecordError`` where the graph does not fit the geometry."""
    heavy, hydrogens = np.flatnonzero(numbers != 1), np.flatnonzero(numbers == 1)
    if [atom.GetAtomicNum() for atom in list(graph.GetAtoms())] != numbers[heavy].tolist():
        raise RecordError("the heavy atoms of SMILES and geometry differ")
    distances = cdist(positions[hydrogens], positions[heavy])
    parents = distances.argmin(1)
    attached = np.bincount(parents, minlength=len(heavy))
    if attached.tolist() != [atom.GetTotalNumHs() for atom in list(graph.GetAtoms())]:
        raise RecordError("hydrogens near the heavy atoms are not those of the SMILES")
    if len(hydrogens) and distances.min(1).max() > LONGEST_HYDROGEN_BOND:
        raise RecordError(f"a hydrogen is {distances.min(1).max():.2f} angstrom from its heavy atom")
    for bond in list(graph.GetBonds()):
        begin, end = heavy[bond.GetBeginAtomIdx()], heavy[bond.GetEndAtomIdx()]
        radii = sum(PERIODIC_TABLE.GetRcovalent(int(numbers[i])) for i in (begin, end))
        length = np.linalg.norm(positions[begin] - positions[end])
        if length > LONGEST_BOND * radii:
            raise RecordError(f"bond {begin + 1}-{end + 1} of the SMILES is {length:.2f} angstrom long")
    return parents


def bond_skeleton(mol: Chem.Mol) -> Chem.Mol:
    """Keep elements and bonds alone: no orders, charges or stereo, to match two drawings of one molecule."""
    skeleton = Chem.RWMol()
    for atom in list(mol.GetAtoms()):
        skeleton.AddAtom(Chem.Atom(atom.GetAtomicNum()))
    for bond in list(mol.GetBonds()):
        skeleton.AddBond(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), Chem.BondType.SINGLE)
    return skeleton.GetMol()


def _match_contacts(graph: Chem.Mol, numbers: np.ndarray, positions: np.ndarray) -> list[int]:
    """For each heavy atom of the geometry its atom of ``graph``, where contacts match bonds; else empty."""
    radii = np.array([PERIODIC_TABLE.GetRcovalent(int(number)) for number in numbers])
    near = cdist(positions, positions) < CONTACT * (radii[:, None] + radii)
    skeleton = Chem.RWMol()
    for number in numbers.tolist():
        skeleton.AddAtom(Chem.Atom(number))
    for begin, end in np.argwhere(np.triu(near, 1)).tolist():
        skeleton.AddBond(begin, end, Chem.BondType.SINGLE)
    same_size = len(numbers) == graph.GetNumAtoms() and skeleton.GetNumBonds() == graph.GetNumBonds()
    return list(bond_skeleton(graph).GetSubstructMatch(skeleton)) if same_size else []
