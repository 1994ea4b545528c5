"""CrystalNN fingerprints against matminer and pymatgen on real, ideal and odd crystals."""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from matminer.featurizers.site.fingerprint import CrystalNNFingerprint
from pymatgen.analysis.local_env import LocalStructOrderParams
from pymatgen.core import Lattice, Site, Structure
from pymatgen.core.local_env import CN_OPT_PARAMS

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.lattice import cell_from_parameters
from groundstate.crystals.structures import to_structure
from groundstate.metrics.crystals.fingerprints.crystal_nn import (
    NoFingerprint,
    site_fingerprint,
    structure_fingerprint,
)
from groundstate.metrics.crystals.fingerprints.order_parameters import MOTIFS, order_parameters

ROWS = Path(__file__).parents[3] / "data/flla_rows.tar.gz"
MATMINER = CrystalNNFingerprint.from_preset("ops")

pytestmark = pytest.mark.filterwarnings("ignore")


def compare(structure: Structure, sites: Iterable[int] = (0,)) -> None:
    """matminer takes up to half a second a site, so the quick tests look at few sites."""
    for site in sites:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            expected = MATMINER.featurize(structure, site)
        np.testing.assert_allclose(site_fingerprint(structure, site), expected, rtol=0, atol=1e-10)


def ideal() -> dict[str, Structure]:
    cubic = Lattice.cubic
    random = np.random.default_rng(0)
    return {
        "fcc": Structure([[0, 1.8, 1.8], [1.8, 0, 1.8], [1.8, 1.8, 0]], ["Cu"], [[0, 0, 0]]),
        "bcc": Structure(cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5] * 3]),
        "one site": Structure(Lattice.hexagonal(2.9, 4.7), ["Ti"], [[0, 0, 0]]),
        "diamond": Structure.from_spacegroup("Fd-3m", cubic(3.57), ["C"], [[0, 0, 0]]),
        "perovskite": Structure(
            cubic(3.9),
            ["Ti", "Sr", "O", "O", "O"],
            [[0.5] * 3, [0] * 3, [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0.5, 0.5]],
        ),
        "graphite": Structure.from_spacegroup(
            "P6_3/mmc", Lattice.hexagonal(2.46, 6.7), ["C", "C"], [[0, 0, 0.25], [1 / 3, 2 / 3, 0.25]]
        ),
        "atoms far apart": Structure(cubic(9.0), ["Ar"], [[0, 0, 0]]),
        "sheets far apart": Structure(Lattice.tetragonal(3.0, 20.0), ["C"], [[0, 0, 0]]),
        "no electronegativity": Structure(cubic(5.0), ["He", "Kr"], [[0, 0, 0], [0.5] * 3]),
        "oblique and random": Structure(
            Lattice.from_parameters(4, 5, 9, 70, 80, 50),
            ["Na", "Cl", "O", "O"],
            random.random((4, 3)) * 3 - 1,
        ),
    }


@pytest.mark.parametrize("name", ideal())
def test_ideal_crystals_are_as_in_matminer(name: str) -> None:
    compare(ideal()[name])


def real(most: int) -> list[Structure]:
    found = [crystal for crystal in read_flla(ROWS) if isinstance(crystal, Crystal)]
    return [to_structure(crystal) for crystal in found if len(crystal.atomic_numbers) <= most]


def test_small_real_crystals_are_as_in_matminer() -> None:
    for structure in real(4)[:4]:
        compare(structure)


def test_sparse_random_cells_are_as_in_matminer_and_none_where_it_has_none() -> None:
    generator, none = np.random.default_rng(5), []
    while len(none) < 40:
        parameters = np.concatenate([generator.uniform(1.5, 25, 3), generator.uniform(12, 168, 3)])
        lattice = cell_from_parameters(parameters)
        if not np.isfinite(lattice).all() or np.linalg.det(lattice) < 0.5:
            continue
        kinds = ["Na", "Cl", "O", "O", "Na", "Cl"][: generator.integers(1, 7)]
        structure = Structure(lattice, kinds, generator.uniform(-2, 2, (len(kinds), 3)))
        for site in range(len(structure)):
            try:
                compare(structure, [site])
                none.append(False)
            except ValueError as error:
                assert "No Voronoi neighbors" in str(error)
                with pytest.raises(NoFingerprint, match="no Voronoi neighbour"):
                    site_fingerprint(structure, site)
                none.append(True)
    assert 0 < sum(none) < 15


@pytest.mark.slow
def test_all_real_crystals_are_as_in_matminer() -> None:
    for structure in real(100):
        compare(structure, range(len(structure)))


@pytest.mark.parametrize("coordination", MOTIFS)
def test_motifs_are_pymatgens_on_random_and_ideal_shells(coordination: int) -> None:
    shells = [np.random.default_rng(seed).normal(size=(coordination, 3)) for seed in range(3)]
    if coordination == 12:
        shells.append(np.array([v for v in np.ndindex(3, 3, 3) if sum(x == 1 for x in v) == 1]) - 1.0)
    if coordination in (6, 8):
        cube = np.array(list(np.ndindex(2, 2, 2))) * 2.0 - 1
        shells.append(cube if coordination == 8 else np.concatenate([np.eye(3), -np.eye(3)]))
    for shell in shells:
        sites = [Site("O", [0, 0, 0]), *(Site("O", vector) for vector in shell)]
        expected = []
        for name in MOTIFS[coordination]:
            kind, *own = CN_OPT_PARAMS.get(coordination, {}).get(name, [name])
            found = LocalStructOrderParams([kind], parameters=[own[0] if own else None])
            expected += found.get_order_parameters(sites, 0, list(range(1, coordination + 1)))
        unit = shell / np.linalg.norm(shell, axis=1)[:, None]
        got = order_parameters(unit, [coordination])[coordination]
        np.testing.assert_allclose(got, np.array(expected, float), rtol=0, atol=1e-10)


def test_an_octahedron_is_one() -> None:
    rock_salt = Structure([[0, 2.8, 2.8], [2.8, 0, 2.8], [2.8, 2.8, 0]], ["Na", "Cl"], [[0] * 3, [0.5] * 3])
    labels = MATMINER.feature_labels()
    found = dict(zip(labels, structure_fingerprint(rock_salt), strict=True))
    assert found["wt CN_6"] == found["octahedral CN_6"] == pytest.approx(1.0, abs=1e-12)
    assert sum(abs(value) for value in found.values()) == pytest.approx(
        2 + found["hexagonal planar CN_6"] + found["pentagonal pyramidal CN_6"]
    )


def test_the_fingerprint_sees_no_order_origin_or_orientation() -> None:
    crystal = next(structure for structure in real(8) if len(structure) > 4)
    generator = np.random.default_rng(1)
    turned, _ = np.linalg.qr(generator.normal(size=(3, 3)))
    order = generator.permutation(len(crystal))
    moved = Structure(
        crystal.lattice.matrix @ turned,
        [crystal.species[i] for i in order],
        crystal.frac_coords[order] + generator.random(3),
    )
    np.testing.assert_allclose(structure_fingerprint(moved), structure_fingerprint(crystal), atol=1e-6)


def test_what_has_no_fingerprint_says_why() -> None:
    with pytest.raises(NoFingerprint, match="radius"):
        structure_fingerprint(Structure(Lattice.cubic(4), ["Og"], [[0, 0, 0]]))
    with pytest.raises(NoFingerprint, match="atoms within"):
        structure_fingerprint(Structure(Lattice.orthorhombic(0.02, 3, 60), ["C"], [[0, 0, 0]]))
    with pytest.raises(NoFingerprint, match=r"copies of the cell|no atom within"):
        structure_fingerprint(
            Structure(Lattice.orthorhombic(3, 3, 1e9), ["C", "O"], [[0, 0, 0], [0, 0, 0.5]])
        )
