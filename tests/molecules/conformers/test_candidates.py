"""Candidates: every image of a conformer that a data set's numbering tells apart, once, with its stereo."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from groundstate.molecules.conformers.candidates import candidates_of
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES, hydrogen_groups
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.mols import mol_from_record, parse_smiles, record_from_mol
from groundstate.molecules.stereo import match_stereo

QM9 = {"hand": {"CH2": -1, "CH3": 1}, "anti": {"CH3-1": 2, "CH3-2": 2}}


def molecule(smiles, count=4):
    record = record_from_mol("a", parse_smiles(smiles), smiles=smiles)
    mol = mol_from_record(record)
    rows = conformers_of("a", mol, EmbedConformers(num_conformers=count))
    return mol, [row for row in rows if row["method"] == "mmff"]


def assert_same_candidates(one, other):
    """The same set of distance tables, to the rounding of the comparison within a set."""
    assert len(one.positions) == len(other.positions)
    left, right = (np.array([pdist(p) for p in some.positions]) for some in (one, other))
    assert np.abs(left[:, None] - right[None]).max(-1).min(1).max() < 0.05


@pytest.mark.parametrize("smiles", ["CCCO", "CC(C)O", "C[C@H](O)CF", "NCC=O", "FC(F)(F)CO"])
def test_candidates_have_the_stereo_and_the_hands_and_are_all_different(smiles):
    mol, rows = molecule(smiles)
    candidates = candidates_of(mol, rows, QM9)
    tables = np.array([pdist(one) for one in candidates.positions])
    apart = np.abs(tables[:, None] - tables[None]).max(-1) + np.eye(len(tables))
    assert candidates.failed is None and len(tables) > len(rows) and apart.min() >= 0.05
    assert len(candidates.hints) == len(candidates.rows) == len(tables)
    for positions in candidates.positions:
        assert match_stereo(mol, positions).complete
        for group in hydrogen_groups(mol):
            bonds = positions[[*group.heavy, *group.hydrogens]] - positions[group.parent]
            if len(group.heavy) == 2:
                assert np.linalg.det([bonds[0], bonds[1], bonds[2] - bonds[3]]) < 0
            elif len(group.hydrogens) == 3:
                assert np.linalg.det(bonds[1:]) > 0


@pytest.mark.parametrize("smiles", ["CCCO", "CC(C)O", "CC=O"])
def test_it_does_not_matter_which_image_of_a_conformer_was_found(smiles):
    mol, rows = molecule(smiles, 1)
    candidates = candidates_of(mol, rows, QM9)
    mirrored = [rows[0] | {"positions": np.array(rows[0]["positions"]) * [1, 1, -1]}]
    assert_same_candidates(candidates, candidates_of(mol, mirrored, QM9))
    group = next(group for group in hydrogen_groups(mol) if len(group.hydrogens) == 3)
    order = np.arange(mol.GetNumAtoms())
    order[list(group.hydrogens)] = np.roll(group.hydrogens, 1)
    turned = [rows[0] | {"positions": np.array(rows[0]["positions"])[order]}]
    assert_same_candidates(candidates, candidates_of(mol, turned, QM9))


def test_equivalent_heavy_atoms_are_exchanged_where_that_makes_another_geometry():
    """Where the fluorines of CHF2 are not as far from the hydroxyl oxygen, either may be the nearer one."""
    mol, rows = molecule("FC(F)CO", 6)
    tables = [
        tuple(round(float(np.linalg.norm(one[f] - one[4])), 1) for f in (0, 2))
        for one in candidates_of(mol, rows, QM9).positions
    ]
    different = {(one, other) for one, other in tables if one != other}
    assert different and all((other, one) in different for one, other in different)


def test_without_rules_the_candidates_are_the_conformers():
    mol, rows = molecule("CCCO")
    candidates = candidates_of(mol, rows, NO_RULES)
    energies = [row["energy"] for row in candidates.rows]
    assert energies == sorted(row["energy"] for row in rows)
    np.testing.assert_allclose(candidates.hints[:, 0], (np.array(energies) - energies[0]) / 10, atol=1e-6)
    assert candidates.hints[:, 1].sum() == pytest.approx(1)


def test_embeddings_that_no_force_field_could_minimise_are_not_sound():
    failed = candidates_of(*molecule("FS(F)(F)(F)(F)c1ccccc1", 1), NO_RULES).failed
    assert failed == "no force field here has parameters for atom 2 (S): this is RDKit's embedding"


def test_unsound_conformers_are_left_out_and_named_where_nothing_else_is_there():
    mol, rows = molecule("C[C@H](O)CF")
    broken = rows[0] | {"positions": np.array(rows[0]["positions"]) * 3, "energy": -100.0}
    lost = rows[0] | {"stereo_kept": False, "energy": -50.0}
    candidates = candidates_of(mol, [broken, lost, rows[0]], QM9)
    assert candidates.failed is None and {row["energy"] for row in candidates.rows} == {rows[0]["energy"]}
    assert "bond" in candidates_of(mol, [broken], QM9).failed
    alone = candidates_of(mol, [lost], QM9)
    assert "stereo" in alone.failed and len(alone.positions) >= 1
