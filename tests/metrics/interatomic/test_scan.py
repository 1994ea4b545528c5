"""What a scan runs along."""

import numpy as np
from ase import Atoms

from groundstate.interatomic.data import Configuration
from groundstate.metrics.interatomic.scan import FRAME, scan_coordinate


def frames(dihedrals: list[list[float] | None]) -> list[Configuration]:
    structures = []
    for number, angles in enumerate(dihedrals):
        atoms = Atoms("H2", [[0, 0, 0], [0, 0, 1]])
        if angles is not None:
            atoms.info["dihedrals"] = angles
        structures.append(Configuration(str(number), "", atoms, 0.0, None, None))
    return structures


def test_the_widest_dihedral_is_the_coordinate() -> None:
    axis, places = scan_coordinate(frames([[71.0, 120.0, 10.0 * n] for n in range(5)]))
    assert axis == "dihedral angle, degrees"
    np.testing.assert_array_equal(places, [0, 10, 20, 30, 40])


def test_without_angles_frames_are_counted() -> None:
    for dihedrals in ([[1.0], None, [2.0]], [[1.0], [1.0, 2.0], [3.0]]):
        assert scan_coordinate(frames(dihedrals)) == (FRAME, [0.0, 1.0, 2.0])
