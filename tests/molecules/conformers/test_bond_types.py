"""What bond types say, on reference geometries and on deformed ones."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdMolTransforms

from groundstate.molecules.conformers.bond_types import RANGES, BondTypes, torsion
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA, read_records


def embedded(smiles):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=7) == 0
    return mol, mol.GetConformer().GetPositions()


def test_no_reference_geometry_of_qm9_has_a_fault(prepared):
    for record in read_records(prepared.records, MOLECULE_SCHEMA):
        mol = mol_from_record(record)
        assert BondTypes(mol).fault(np.array(record["positions"])) is None, record["id"]


@pytest.mark.parametrize(
    ("smiles", "atoms", "factor", "words"),
    [
        ("CC#N", (1, 2), 1.2, "bond C2-N3 is 1.3. angstrom long, where 1.14 to 1.17 is usual"),
        ("CC=C", (1, 2), 0.8, "bond C2-C3 is 1.0. angstrom long, where 1.28 to 1.48 is usual"),
        ("CN=[N+]=[N-]", (2, 3), 1.3, "bond N3-N4"),
        ("CC(C)=O", (1, 3), 1.3, "bond C2-O4"),
    ],
)
def test_a_stretched_bond_is_named(smiles, atoms, factor, words):
    mol, positions = embedded(smiles)
    first, second = atoms
    positions[second] = positions[first] + factor * (positions[second] - positions[first])
    fault = BondTypes(mol).fault(positions)
    assert fault is not None and words.split(".")[0].split(" is")[0] in fault


def test_a_bent_triple_bond_is_named():
    mol, positions = embedded("CC#CC")
    axis = positions[0] - positions[1]
    aside = np.cross(axis, [1.0, 2.0, 3.0])
    bent = axis / np.linalg.norm(axis) + aside / np.linalg.norm(aside)  # by 45 degrees
    positions[0] = positions[1] + bent * np.linalg.norm(axis) / np.linalg.norm(bent)
    assert "where a line is usual" in BondTypes(mol).fault(positions)


@pytest.mark.parametrize(
    ("smiles", "planar"), [("CC=C=CC", False), ("C/C=C=C=C/C", True), ("FC=C=C=C=CF", False)]
)
def test_an_end_of_a_cumulene_turned_by_a_quarter_is_named(smiles, planar):
    mol, positions = embedded(smiles)
    (chain,) = BondTypes(mol).cumulenes
    assert chain.planar is planar
    first, one, other, last = chain.atoms
    axis = (positions[other] - positions[one]) / np.linalg.norm(positions[other] - positions[one])
    inner = next(n.GetIdx() for n in mol.GetAtomWithIdx(other).GetNeighbors() if n.GetDegree() == 2)
    turned = []
    for turn in (0, 90):
        rest = positions.copy()
        for index in (n.GetIdx() for n in mol.GetAtomWithIdx(other).GetNeighbors() if n.GetIdx() != inner):
            shift = positions[index] - positions[other]
            along = (shift @ axis) * axis
            away = shift - along
            at = np.radians((90 * (not planar)) + turn - torsion(*positions[[first, one, other, last]]))
            rest[index] = positions[other] + along + np.cos(at) * away + np.sin(at) * np.cross(axis, away)
        turned.append(BondTypes(mol).fault(rest) or "")
    assert "of a cumulene" not in turned[0] and "of a cumulene" in turned[1]


def test_torsions_are_those_of_rdkit():
    mol, positions = embedded("CCCO")
    expected = rdMolTransforms.GetDihedralDeg(mol.GetConformer(), 0, 1, 2, 3)
    assert torsion(*positions[:4]) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("smiles", ["O=S=O", "FS(#N)", "C1CCC=C=CCC1", "c1ccccc1", "[O-][N+](=O)c1ccccc1"])
def test_bent_sulfur_small_rings_and_aromatic_bonds_are_left_alone(smiles):
    types = BondTypes(Chem.AddHs(Chem.MolFromSmiles(smiles)))
    assert not types.lines and not types.cumulenes


def test_ranges_are_sorted_names_and_rising_lengths():
    for name, (shortest, longest) in RANGES.items():
        sign = next(sign for sign in "=#-" if sign in name)  # "N-" is an atom, too
        assert name.split(sign) == sorted(name.split(sign)) and shortest < longest
