"""Which crystals have atoms on one another: against pymatgen's distances, through the borders of the cell."""

import numpy as np
import torch
from ase.data import covalent_radii
from pymatgen.core import Lattice, Structure

from groundstate.crystals.lattice import cell_from_log_metric, log_metric
from groundstate.crystals.models.compact.crowding import NEAREST, is_crowded


def test_crowding_is_that_of_the_distances_of_all_images() -> None:
    rng = np.random.default_rng(0)
    seen = set()
    for _ in range(60):
        numbers = rng.choice([1, 8, 22, 56], 4)
        matrix = np.diag(rng.uniform(2.5, 6, 3)) + rng.normal(0, 0.4, (3, 3))
        metric = log_metric(matrix[None])
        places = rng.random((4, 3))
        structure = Structure(Lattice(cell_from_log_metric(metric)[0]), numbers, places)
        radii = covalent_radii[numbers]
        first, second, _, distance = structure.get_neighbor_list(4.0)
        near = bool((distance < NEAREST * (radii[first] + radii[second])).any())
        found = is_crowded(torch.tensor(numbers[None]), torch.tensor(metric), torch.tensor(places[None]))
        assert found.tolist() == [near]
        seen.add(near)
    assert seen == {True, False}
