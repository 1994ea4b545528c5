"""The choice of a candidate: least expected error by distances, or by the RMSD of heavy atoms."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.molecules.conformers.candidates import Candidates
from groundstate.molecules.models.gaunt.choice import (
    THERMAL,
    candidate_errors,
    ranked,
    symmetric_rmsds,
    usual_choices,
)
from groundstate.molecules.mols import parse_smiles


def geometries(smiles, count):
    mol = Chem.AddHs(parse_smiles(smiles))
    rdDistGeom.EmbedMultipleConfs(mol, count, randomSeed=1)
    positions = [conformer.GetPositions() for conformer in mol.GetConformers()]
    mol.RemoveAllConformers()
    return mol, positions


def candidates(positions, shapes):
    hints = np.zeros((len(positions), 2), np.float32)
    return Candidates(list(positions), hints, [{"conformer": one} for one in shapes], list(shapes), None)


def test_a_candidate_between_two_likely_ones_has_the_least_risk():
    pair = [np.array([[0.0, 0, 0], [length, 0, 0]]) for length in (1.0, 2.0, 3.0)]
    for choose in ("distances", "rmsd"):
        chosen = candidates(pair, [0, 1, 2])
        order = ranked(parse_smiles("CC"), chosen, np.array([0.45, 0.15, 0.40]), np.zeros(3), choose)
        assert [one.number for one in order] == [1, 0, 2]
        assert order[0].probability == pytest.approx(0.15)
        assert order[0].expected_rmsd == pytest.approx(0.85 / 2)  # two atoms, each off by half


def test_energy_takes_candidates_as_they_come():
    pair = [np.array([[0.0, 0, 0], [length, 0, 0]]) for length in (1.0, 2.0, 3.0)]
    chosen, shares = candidates(pair, [0, 1, 2]), np.array([0.0, 0.1, 0.9])
    order = ranked(parse_smiles("CC"), chosen, shares, np.array([2.0, 5.0, 1.0]), "energy")
    assert [one.number for one in order] == [0, 1, 2]
    order = ranked(parse_smiles("CC"), chosen, shares, np.array([2.0, 5.0, 1.0]), "network_energy")
    assert [one.number for one in order] == [2, 0, 1]
    assert [one.energy for one in order] == [0, 1, 4]
    weights = np.exp(-np.array([1.0, 4.0, 0.0]) / THERMAL)
    assert order[0].thermal_rmsd == pytest.approx(weights @ [1.0, 0.5, 0] / weights.sum())


def test_a_convention_is_ranked_by_energy_unless_the_network_is_nearer_in_validation():
    conventions = ["good"] * 30 + ["bad"] * 30 + ["few"] * 5 + ["chance"] * 30
    errors = {"distances": [0.0] * 95, "energy": [0.5] * 95}
    errors["rmsd"] = [0.1] * 30 + [0.9] * 30 + [0.0] * 5 + [0.0, 0.98] * 15
    errors["network_energy"] = [0.2] * 30 + [0.6] * 30 + [0.0] * 5 + [0.5] * 30
    usual = usual_choices(["good", "bad", "few", "chance", "none"], conventions, errors)
    assert usual == {"good": "rmsd"} | dict.fromkeys(("bad", "few", "chance", "none"), "energy")
    errors["network_energy"][:30] = [0.05] * 30
    assert usual_choices(["good"], conventions, errors) == {"good": "network_energy"}


def test_rmsds_are_those_of_the_metric():
    mol, positions = geometries("CC(C)c1ccccc1CO", 4)
    table = symmetric_rmsds(mol, positions)
    for i in range(4):
        for j in range(4):
            assert table[i, j] == pytest.approx(heavy_rmsd(mol, positions[i], positions[j]), abs=1e-4)


def test_candidates_that_differ_by_numbers_alone_share_their_probability():
    mol, (first, other) = geometries("CCCCO", 2)
    swapped = first.copy()
    swapped[[5, 6]] = first[[6, 5]]  # two hydrogens of one methyl
    chosen = candidates([first, swapped, other], [0, 0, 2])
    order = ranked(mol, chosen, np.array([0.3, 0.3, 0.4]), np.zeros(3), "rmsd")
    assert {order[0].number, order[1].number} == {0, 1}
    apart = symmetric_rmsds(mol, [first, other])[0, 1]
    assert order[0].expected_rmsd == pytest.approx(0.4 * apart)
    assert order[2].expected_rmsd == pytest.approx(0.6 * apart)


def test_errors_without_numbers_know_no_symmetry_and_no_hydrogens():
    mol, (first, other) = geometries("c1ccccc1CC", 2)
    turned = first.copy()
    turned[[0, 1, 3, 4]] = first[[4, 3, 1, 0]]  # the ring turned over: ortho and meta atoms change places
    turned[mol.GetNumHeavyAtoms() :] = np.nan  # as in a record that lacks them
    assert candidate_errors(mol, [first], turned, by_number=False)[0] == pytest.approx(0, abs=1e-9)
    assert candidate_errors(mol, [other], turned, by_number=False)[0] > 0.01
    by_number = candidate_errors(mol, [first, other], first, by_number=True)
    assert by_number[0] == 0 and by_number[1] > 0
