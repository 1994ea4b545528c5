"""The slow checks on a good, a broken and a strained geometry."""

import numpy as np
import pytest
from rdkit import Chem
from scipy.spatial.transform import Rotation

from groundstate.metrics.molecules.score import score_geometry
from groundstate.molecules.mols import set_positions
from groundstate.molecules.sdf import write_sdf
from metrics.molecules.made import embedded

extensive = pytest.importorskip("groundstate.metrics.molecules.extensive")


@pytest.mark.parametrize(
    "smiles", ["CC(=O)N", "C[C@H](O)F", "[NH3+]CC(=O)[O-]", "c1cc[nH]c1", "C#N", "[OH3+]"]
)
def test_bonds_of_a_good_geometry_are_perceived_and_of_a_broken_one_not(smiles):
    mol, positions = embedded(smiles)
    assert extensive.bond_round_trip(mol, positions)
    assert not extensive.bond_round_trip(mol, positions * 1.6)


# QM9 116694 at its DFT geometry: the perceived bonds write a SMILES that RDKit does not read
CAGE = "CO/C=N/[C@H]1[C@H]2C[C@@H]1C2"
CAGE_POSITIONS = [
    *((0.146, 0.963, 0.489), (-0.318, 0.07, -0.516), (-1.23, -0.838, -0.112), (-1.67, -1.699, -0.916)),
    *((-2.675, -2.623, -0.469), (-2.353, -4.151, -0.473), (-1.534, -3.934, 0.832), (-2.843, -3.102, 1.02)),
    *((-3.604, -4.324, 0.433), (0.83, 1.654, -0.006), (-0.678, 1.534, 0.934), (0.686, 0.431, 1.282)),
    *((-1.533, -0.739, 0.941), (-3.616, -2.38, -0.976), (-2.071, -4.751, -1.339), (-1.422, -4.805, 1.482)),
    *((-0.596, -3.385, 0.74), (-3.137, -2.514, 1.892), (-4.579, -4.129, -0.023), (-3.625, -5.219, 1.058)),
]


def test_bonds_that_make_no_molecule_are_a_finding():
    assert not extensive.bond_round_trip(Chem.AddHs(Chem.MolFromSmiles(CAGE)), np.array(CAGE_POSITIONS))


def test_posebusters_passes_good_and_fails_crushed_geometry():
    mol, positions = embedded("CC(=O)NCC")
    assert extensive.posebusters_pass(mol, positions)
    assert not extensive.posebusters_pass(mol, positions * 0.6)


def test_gfn2_strain_is_that_of_a_spring_near_the_minimum():
    mol, positions = embedded("O")
    # relax by following the strain itself: at the minimum none is left
    best = min((extensive.gfn2_strain(mol, positions * scale), scale) for scale in (0.97, 0.98, 0.99, 1.0))
    assert 0 <= best[0] < 0.5
    far = extensive.gfn2_strain(mol, positions * 1.1)
    assert far > 3
    turned = Rotation.random(random_state=1).apply(positions * 1.1) + np.array([1.0, 2, 3])
    assert extensive.gfn2_strain(mol, turned) == pytest.approx(far, abs=0.05)


def test_a_fixed_subset_gets_the_slow_checks(tmp_path):
    smiles = ["CO", "CN", "CF", "CC", "O"]
    for name, factor in (("good", 1.0), ("bad", 1.5)):
        mols = [embedded(s) for s in smiles]
        entries = [(f"m{k}", set_positions(mol, x * factor), {}) for k, (mol, x) in enumerate(mols)]
        write_sdf(tmp_path / f"{name}.sdf", entries)
    files = (tmp_path / "bad.sdf", tmp_path / "good.sdf")
    plain = score_geometry(*files, tmp_path / "plain", samples=2)
    assert plain["bond_round_trip"] is None and plain["baselines"]["dft"]["posebusters"] is None
    summary = score_geometry(*files, tmp_path / "out", samples=2, subset=2, extensive=True)
    assert summary["bond_round_trip"] == 0 and summary["baselines"]["dft"]["bond_round_trip"] == 1
    assert summary["gfn2_strain"] > summary["baselines"]["dft"]["gfn2_strain"] >= 0
    assert (summary["n"], summary["missing"], summary["extra"]) == (2, 0, 0)
    again = score_geometry(*files, tmp_path / "again", samples=2, subset=2)
    assert again["mae"] == summary["mae"] != plain["mae"]
