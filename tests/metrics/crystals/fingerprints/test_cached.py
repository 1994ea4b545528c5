"""Fingerprints from worker processes and from packs, whole and damaged."""

from pathlib import Path

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from groundstate.metrics.crystals.fingerprints.cached import _read_packs, fingerprint_key, fingerprints

SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
CESIUM = Structure(Lattice.cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
CRYSTALS = [SALT, CESIUM, SALT]


def test_equal_crystals_are_computed_once_and_kept(tmp_path: Path) -> None:
    first = fingerprints(CRYSTALS, tmp_path)
    np.testing.assert_array_equal(first.structures[0], first.structures[2])
    assert first.exist.all() and len(_read_packs(tmp_path)) == 2
    packs = {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    again = fingerprints(CRYSTALS, tmp_path)
    np.testing.assert_array_equal(again.structures, first.structures)
    assert {path: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == packs


def test_keys_tell_species_cell_and_places_but_not_rounding() -> None:
    moved = CESIUM.copy()
    moved.translate_sites([1], [1e-9, 0, 0])
    assert fingerprint_key(moved) == fingerprint_key(CESIUM)
    moved.translate_sites([1], [1e-3, 0, 0])
    other = Structure(Lattice.cubic(4.12), ["Cs", "Br"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    larger = Structure(Lattice.cubic(4.13), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    assert len({fingerprint_key(one) for one in (CESIUM, moved, other, larger)}) == 4


@pytest.mark.slow
def test_workers_and_a_damaged_pack_change_nothing(tmp_path: Path) -> None:
    alone = fingerprints(CRYSTALS)
    shared = fingerprints(CRYSTALS, tmp_path / "packs", workers=2)
    np.testing.assert_array_equal(alone.structures, shared.structures)
    (pack,) = (tmp_path / "packs").iterdir()
    pack.write_bytes(pack.read_bytes()[:-50])
    assert _read_packs(tmp_path / "packs") == {}
    np.testing.assert_array_equal(fingerprints(CRYSTALS, tmp_path / "packs").structures, alone.structures)
    assert len(_read_packs(tmp_path / "packs")) == 2
