"""Rotations of signals in float64, independent of the library and of e3nn's float32 tables of Wigner
matrices."""

import pytest
import torch
from e3nn import o3
from scipy.spatial.transform import Rotation


def wigner(degree, matrix):
    """D with Y(R r) = D Y(r), solved from e3nn's harmonics at more points than unknowns."""
    points = torch.randn(60, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(degree))
    before = o3.spherical_harmonics(degree, points, True, normalization="integral")
    after = o3.spherical_harmonics(degree, points @ matrix.T, True, normalization="integral")
    return torch.linalg.lstsq(before, after).solution.T


@pytest.fixture(scope="session", autouse=True)
def cache_folder(tmp_path_factory):
    """What is compiled and measured here does not end in the user's folder."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def turn():
    """A rotation matrix, and the matrices that it acts with on irreps of degree 0..10."""
    matrix = torch.from_numpy(Rotation.random(random_state=3).as_matrix())
    return matrix, [wigner(degree, matrix) for degree in range(11)]


@pytest.fixture(scope="session")
def turn_irreps(turn):
    """Function that gives the block-diagonal matrix of the rotation (and the inversion) on irreps."""

    def matrix(irreps, inversion=False):
        blocks = [
            (ir.p if inversion else 1) * turn[1][ir.l] for mul, ir in o3.Irreps(irreps) for _ in range(mul)
        ]
        return torch.block_diag(*blocks)

    return matrix
