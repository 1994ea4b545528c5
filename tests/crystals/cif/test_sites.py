"""Close pairs against all images, and orbits against the multiplicities of the tables."""

import itertools

import gemmi
import numpy as np
import pytest

from groundstate.crystals.cif.sites import close_pairs, expand
from groundstate.crystals.cif.symmetry import Operations
from groundstate.crystals.lattice import cell_from_parameters


def test_close_pairs_are_those_of_all_images() -> None:
    generator = np.random.default_rng(0)
    for parameters in ([4, 4, 4, 90, 90, 90], [3, 5, 9, 60, 75, 110], [6, 6, 3, 90, 90, 120]):
        lattice = cell_from_parameters(np.array(parameters, dtype=float))
        points = generator.uniform(-1, 2, (40, 3))
        images = np.array(list(itertools.product((-3, -2, -1, 0, 1, 2, 3), repeat=3)))
        expected = set()
        for first, second in itertools.combinations(range(len(points)), 2):
            apart = (points[second] - points[first] + images) @ lattice
            if np.linalg.norm(apart, axis=1).min() < 0.7:
                expected.add((first, second))
        assert {pair[:2] for pair in close_pairs(points, lattice, 0.7)} == expected
        assert expected


@pytest.mark.parametrize(
    "name", ["P m -3 m", "F d -3 m:2", "P 63/m m c", "R -3 m:H", "P 1 21/c 1", "I 41/a m d:2"]
)
def test_sites_get_the_multiplicity_of_their_group(name: str) -> None:
    group = gemmi.find_spacegroup_by_name(name).operations()
    ops = list(group)
    operations = Operations(
        np.array([op.rot for op in ops]) / gemmi.Op.DEN,
        np.array([op.tran for op in ops]) / gemmi.Op.DEN,
        name,
    )
    hexagonal = name.startswith(("P 63", "R"))
    angles = [90, 90, 120] if hexagonal else [90, 95, 90] if "21/c" in name else [90, 90, 90]
    lattice = cell_from_parameters(np.array([10.0, 10.0, 10.0, *angles]))
    atoms = expand(np.array([[0.137, 0.313, 0.419]]), operations, lattice)
    assert atoms.multiplicities.tolist() == [len(ops)]  # a general position
    rounded = expand(np.array([[0.0, 0.0, 0.0]]) + 0.002, operations, lattice)
    exact = expand(np.zeros((1, 3)), operations, lattice)
    assert rounded.multiplicities.tolist() == exact.multiplicities.tolist()
    assert len(ops) % exact.multiplicities[0] == 0 and exact.multiplicities[0] < len(ops)
