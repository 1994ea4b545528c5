"""The bond rule against RDKit's own graphs, shuffled files and wrong partners."""

import csv
import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.bonds import mol_from_smiles_and_positions
from groundstate.molecules.mols import RecordError

ROWS = Path(__file__).parents[1] / "data" / "qm9_rows.zip"


def rows() -> list[tuple[str, list[int], np.ndarray]]:
    """(SMILES, atomic numbers, positions) of the real rows, read without the reader under test."""
    table = Chem.GetPeriodicTable()
    found = []
    with zipfile.ZipFile(ROWS) as archive:
        for name in archive.namelist():
            if name.endswith(".csv"):
                for row in csv.DictReader(io.StringIO(archive.read(name).decode())):
                    numbers = [table.GetAtomicNumber(s) for s in re.findall("[A-Z][a-z]?", row["Elements"])]
                    positions = np.array(re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", row["XYZ_Ang"]), float)
                    found.append((row["SMILES"], numbers, positions.reshape(-1, 3)))
    return found


def test_every_real_row_gets_the_graph_of_its_smiles():
    for smiles, numbers, positions in rows():
        mol = mol_from_smiles_and_positions(smiles, numbers, positions)
        assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == numbers
        np.testing.assert_allclose(mol.GetConformer().GetPositions(), positions)
        plain = Chem.MolToSmiles(Chem.RemoveAllHs(mol), isomericSmiles=False)
        assert plain == Chem.MolToSmiles(Chem.MolFromSmiles(smiles), isomericSmiles=False)
        assert all(atom.GetTotalNumHs() == 0 for atom in mol.GetAtoms())


def test_hydrogens_may_stand_anywhere_in_the_file():
    mol = Chem.AddHs(Chem.MolFromSmiles("CC(=O)NCC#N"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    heavy = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() != 1]
    hydrogens = [a.GetIdx() for a in mol.GetAtoms() if a.GetAtomicNum() == 1]
    rng = np.random.default_rng(0)
    for _ in range(10):
        slots = np.zeros(mol.GetNumAtoms(), bool)
        slots[rng.choice(mol.GetNumAtoms(), len(heavy), replace=False)] = True
        order = np.empty(mol.GetNumAtoms(), int)
        order[slots], order[~slots] = heavy, rng.permutation(hydrogens)
        positions = mol.GetConformer().GetPositions()[order]
        numbers = [mol.GetAtomWithIdx(int(i)).GetAtomicNum() for i in order]
        found = mol_from_smiles_and_positions("CC(=O)NCC#N", numbers, positions)
        expected = Chem.GetAdjacencyMatrix(mol, useBO=True)[np.ix_(order, order)]
        np.testing.assert_array_equal(Chem.GetAdjacencyMatrix(found, useBO=True), expected)


def test_heavy_atoms_in_another_order_are_matched():
    smiles = "NCC(=O)F"
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    order = [4, 3, 2, 1, 0, *range(5, mol.GetNumAtoms())]
    positions = mol.GetConformer().GetPositions()[order]
    numbers = [mol.GetAtomWithIdx(i).GetAtomicNum() for i in order]
    found = mol_from_smiles_and_positions(smiles, numbers, positions)
    expected = Chem.GetAdjacencyMatrix(mol, useBO=True)[np.ix_(order, order)]
    np.testing.assert_array_equal(Chem.GetAdjacencyMatrix(found, useBO=True), expected)


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [
        ("CCN", "heavy atoms of SMILES and geometry differ"),
        ("C=O", "hydrogens near the heavy atoms"),
        ("CO", None),
    ],
)
def test_a_smiles_of_another_molecule_is_refused(smiles, reason):
    mol = Chem.AddHs(Chem.MolFromSmiles("CO"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    positions = mol.GetConformer().GetPositions()
    if reason is None:
        mol_from_smiles_and_positions(smiles, numbers, positions)
        return
    with pytest.raises(RecordError, match=reason):
        mol_from_smiles_and_positions(smiles, numbers, positions)


def test_a_stretched_bond_is_refused():
    mol = Chem.AddHs(Chem.MolFromSmiles("CO"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=3)
    numbers = [atom.GetAtomicNum() for atom in mol.GetAtoms()]
    positions = mol.GetConformer().GetPositions()
    away = positions[1] - positions[0]
    hydroxyl = [1, 5]
    apart = positions.copy()
    apart[hydroxyl] += away
    with pytest.raises(RecordError, match=r"bond 1-2 of the SMILES is 2\.7"):
        mol_from_smiles_and_positions("CO", numbers, apart)
    far = positions.copy()
    far[5] += 0.5 * (positions[5] - positions[1])
    with pytest.raises(RecordError, match=r"hydrogen is 1\.4"):
        mol_from_smiles_and_positions("CO", numbers, far)
