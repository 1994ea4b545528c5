"""Bonds that cannot be."""

import numpy as np
import pytest

from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.mols import mol_from_record
from groundstate.records import MOLECULE_SCHEMA, read_records


def test_reference_geometries_are_sound_and_survive_the_noise_of_a_force_field(prepared):
    noise = np.random.default_rng(0)
    for record in read_records(prepared.records, MOLECULE_SCHEMA):
        positions = np.array(record["positions"])
        mol = mol_from_record(record)
        assert Soundness(mol).broken_bond(positions) is None
        assert Soundness(mol).broken_bond(positions + noise.normal(scale=0.03, size=positions.shape)) is None


@pytest.mark.parametrize("factor", [0.5, 2.0, np.nan])
def test_collapsed_blown_up_and_missing_geometries_are_named(prepared, factor):
    record = next(row for row in read_records(prepared.records, MOLECULE_SCHEMA) if len(row["bonds"]) > 2)
    words = Soundness(mol_from_record(record)).broken_bond(np.array(record["positions"]) * factor)
    assert words.startswith("bond ") and words.endswith("angstrom long")
