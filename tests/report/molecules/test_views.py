"""Predicted geometries are laid over their references, whatever their frame and the symmetry."""

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

from groundstate.errors import GroundstateError
from groundstate.molecules.mols import set_positions
from groundstate.molecules.sdf import write_sdf
from groundstate.report.molecules.views import best_alignment, molecule_scene, read_sdf


def embedded(smiles: str) -> Chem.Mol:
    molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
    AllChem.EmbedMolecule(molecule, randomSeed=1)
    return molecule


def turned(molecule: Chem.Mol) -> Chem.Mol:
    rotation = np.array([[0.0, -1, 0], [1, 0, 0], [0, 0, 1]])
    return set_positions(molecule, molecule.GetConformer().GetPositions() @ rotation.T + [3.0, 2, 1])


def layer_positions(scene, name: str) -> np.ndarray:
    layer = next(layer for layer in scene.data()["layers"] if layer["name"] == name)
    return np.array([atom[1:] for atom in layer["atoms"]])


def test_a_turned_copy_falls_on_its_reference():
    molecule = embedded("CC(O)C#N")
    scene = molecule_scene("v", "t", "", turned(molecule), {"reference": molecule})
    assert np.allclose(layer_positions(scene, "predicted"), layer_positions(scene, "reference"), atol=2e-3)
    assert scene.layers[-1].labels[0] == "predicted: C1, 0.00 Å from the reference"


def test_a_mirror_image_does_not():
    molecule = embedded("C[C@H](O)C#N")
    mirrored = set_positions(molecule, molecule.GetConformer().GetPositions() * [1, 1, -1])
    assert best_alignment(mirrored, molecule)[0] > 0.2


def test_symmetry_is_seen():
    molecule = embedded("CC(C)(C)O")
    positions = molecule.GetConformer().GetPositions()
    moved = positions.copy()
    moved[[0, 2, 3]] = positions[[2, 3, 0]]  # the three methyl carbons change places
    assert best_alignment(set_positions(molecule, moved), molecule)[0] == pytest.approx(0, abs=1e-4)


def test_multiple_bonds_and_aromatic_rings_are_drawn_kekulised():
    scene = molecule_scene("v", "t", "", embedded("c1ccccc1C#N"), {})
    orders = sorted(order for *_, order in scene.layers[0].bonds)
    assert orders == [1] * 9 + [2] * 3 + [3]


def test_read_sdf(tmp_path):
    path = tmp_path / "m.sdf"
    write_sdf(path, [(name, embedded("CO"), {}) for name in ("a", "b", "c")])
    assert list(read_sdf(path, ["c", "a", "x"])) == ["a", "c"]
    assert list(read_sdf(path, limit=2)) == ["a", "b"]
    with pytest.raises(GroundstateError, match="no such file"):
        read_sdf(tmp_path / "absent.sdf")


@pytest.mark.parametrize("smiles", ["C", "CC#C", "CO"])
def test_heavy_atoms_on_a_line_are_aligned_by_their_hydrogens(smiles):
    molecule = embedded(smiles)
    scene = molecule_scene("v", "t", "", turned(molecule), {"reference": molecule})
    difference = layer_positions(scene, "predicted") - layer_positions(scene, "reference")
    assert np.abs(difference).max() < 0.02
