"""Error estimates: they rise with the evidence, have no cap, and give back what they were fitted to."""

import numpy as np
import pytest
from rdkit import Chem

from groundstate.molecules.models.calibration import (
    Evidence,
    calibrate,
    calibrated,
    calibrations,
    evidence_of,
)
from groundstate.molecules.models.domain import Domain


def table(count):
    rng = np.random.default_rng(0)
    rows = [Evidence(*rng.uniform(0, 1, 3), *rng.integers(0, 9, 2).astype(float), 0.0) for _ in range(count)]
    return rows, np.array([0.1 + 0.5 * one.expected_rmsd + 0.02 * one.rotatable_bonds for one in rows])


def test_a_calibration_gives_back_what_it_was_fitted_to():
    rows, errors = table(400)
    noisy = errors + np.random.default_rng(1).normal(scale=0.05, size=len(errors))
    calibration = calibrate(rows, noisy)
    estimates = np.array([calibrated(one, calibration) for one in rows])
    assert np.abs(estimates - errors).mean() < 0.02
    assert calibrate(rows[:10], errors[:10]) is None


def test_estimates_rise_with_every_kind_of_evidence_and_have_no_cap():
    calibration = {"weights": [0.0, 1.0, 0.1, 0.2, 0.01, 0.01, 0.1], "expected": [0.0, 0.1, 0.4]}
    calibration["error"] = [0.01, 0.05, 0.2]
    small = Evidence(0.1, 0.1, 0.1, 1.0, 9.0, 0.0)
    for name in Evidence._fields:
        raised = [calibrated(small._replace(**{name: 10.0 * k}), calibration) for k in range(1, 5)]
        assert (np.diff(raised) > 0).all(), name
    assert calibrated(small._replace(expected_rmsd=4.0), calibration) == pytest.approx(0.5 * 4.13)


def test_evidence_counts_rotatable_bonds_heavy_atoms_and_what_was_not_in_training():
    domain = Domain()
    domain.add(Chem.AddHs(Chem.MolFromSmiles("CCO")))
    mol = Chem.AddHs(Chem.MolFromSmiles("CCCCO"))
    assert evidence_of(mol, 0.3, 0.4, 0.5, domain.config()) == Evidence(0.3, 0.4, 0.5, 2.0, 5.0, 2.0)
    assert evidence_of(Chem.AddHs(Chem.MolFromSmiles("CCCl")), 0.0, 0.0, 0.0, domain.config()).unseen == 2.0


def test_each_convention_with_enough_molecules_has_a_calibration_of_its_own():
    rows, errors = table(300)
    pairs = [(rows[k], float(errors[k]) * (1 + k % 2)) for k in range(300)]
    names = [("low", "high")[k % 2] for k in range(300)]
    fitted = calibrations([*pairs, pairs[0]], [*names, "few"])
    assert set(fitted["calibrations"]) == {"low", "high"}
    low, high = (calibrated(rows[7], fitted["calibrations"][name]) for name in ("low", "high"))
    assert high > 1.5 * low and low < calibrated(rows[7], fitted["calibration"]) < high
