"""Numbering of hydrogens: rules counted on real rows, followed by geometries."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.molecules.conformers.hydrogen_numbering import (
    NO_RULES,
    follow_rules,
    hydrogen_groups,
    numbering_rules,
)
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA, read_records


def embedded(smiles, seed=1):
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    rdDistGeom.EmbedMolecule(mol, randomSeed=seed)
    return mol, mol.GetConformer().GetPositions()


@pytest.fixture(scope="module")
def rules(prepared):
    return numbering_rules(read_records(prepared.records, MOLECULE_SCHEMA))


def test_qm9_numbers_ch2_with_one_hand_and_ch3_with_the_other(rules):
    """1653 of 1653 CH2 and 822 of 822 CH3 of a random thousand, counted independently."""
    assert rules["hand"] == {"CH2": -1, "CH3": 1}


def test_rules_leave_nearly_all_the_geometries_they_come_from_alone(prepared, rules):
    hands = {"hand": rules["hand"], "anti": {}}
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    kept = 0
    for record in records:
        followed = follow_rules(hydrogen_groups(mol_from_record(record)), record["positions"], hands)
        kept += np.array_equal(followed, record["positions"])
    assert kept >= len(records) - 1  # some chosen rows list a hydrogen before its heavy atom


@pytest.mark.parametrize("seed", range(4))
def test_renumbering_permutes_the_hydrogens_of_each_atom_and_nothing_else(rules, seed):
    mol, positions = embedded("CCC(C)OCC#N", seed)
    groups = list(hydrogen_groups(mol))
    renumbered = follow_rules(groups, positions, rules)
    moved = {index for group in groups for index in group.hydrogens}
    for index in set(range(len(positions))) - moved:
        np.testing.assert_array_equal(renumbered[index], positions[index])
    for group in groups:
        before, after = positions[list(group.hydrogens)], renumbered[list(group.hydrogens)]
        assert sorted(map(tuple, before)) == sorted(map(tuple, after))
        if len(group.hydrogens) == 2:
            bonds = renumbered[[*group.heavy, *group.hydrogens]] - renumbered[group.parent]
            assert np.linalg.det([bonds[0], bonds[1], bonds[2] - bonds[3]]) < 0
        else:
            assert np.linalg.det(renumbered[list(group.hydrogens)] - renumbered[group.parent]) > 0
    np.testing.assert_array_equal(follow_rules(groups, renumbered, rules), renumbered)


def test_mirror_images_are_renumbered_to_the_same_hand(rules):
    mol, positions = embedded("CCO")
    groups = list(hydrogen_groups(mol))
    one, other = (follow_rules(groups, points, rules) for points in (positions, positions * [1, 1, -1]))
    ch3 = [6 - 3, 7 - 3, 8 - 3]
    assert [np.sign(np.linalg.det(points[ch3] - points[0])) for points in (one, other)] == [1, 1]


def test_without_rules_nothing_is_renumbered():
    mol, positions = embedded("CCO")
    np.testing.assert_array_equal(follow_rules(hydrogen_groups(mol), positions, NO_RULES), positions)


def test_hydrogen_and_deuterium_on_one_atom_are_not_exchanged():
    def groups(smiles):
        return len(list(hydrogen_groups(Chem.AddHs(Chem.MolFromSmiles(smiles)))))

    assert groups("FC(Cl)([2H])[2H]") == groups("FC(Cl)") == 1
    assert groups("F[C@H](Cl)[2H]") == 0
