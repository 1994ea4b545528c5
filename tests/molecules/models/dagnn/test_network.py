"""The networks of the Molecule3D paper: propagation, heads, a run through the stages."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem.rdDistGeom import EmbedMolecule
from scipy.spatial.distance import cdist

from groundstate.metrics.molecules.score import score_geometry
from groundstate.molecules.distance_table import PROPERTY, table_from_text
from groundstate.molecules.models.dagnn.distance_geometry import prediction_from_distances, scaled_points
from groundstate.molecules.models.dagnn.features import integer_graph, join
from groundstate.molecules.models.dagnn.network import AdaptivePropagation, Dagnn, Scaling
from groundstate.molecules.models.examples import DataSet
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.molecules.models.write import write_predictions
from groundstate.molecules.mols import set_positions
from groundstate.molecules.pairing import read_geometries
from groundstate.molecules.sdf import write_sdf
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.settings import parse_settings

SETTINGS = parse_settings(
    TrainGeometry,
    '{"dagnn": {"width": 16, "layers": 2, "hops": 2, "training": {"max_steps": 60, "batch_size": 8, '
    '"learning_rate": 0.01, "warmup_steps": 5, "checkpoint_every": 30, "ema_decay": 0.9}}}',
)


def batch_of(*smiles):
    return join([integer_graph(Chem.AddHs(Chem.MolFromSmiles(text))) for text in smiles])


def test_propagation_is_the_paper_s_formula_written_with_matrices():
    torch.manual_seed(0)
    batch, layer = batch_of("CCO", "C#N"), AdaptivePropagation(6, 3).double()
    vectors = torch.randn(len(batch.atoms), 6, dtype=torch.double)
    adjacency = torch.eye(len(vectors), dtype=torch.double)
    adjacency[batch.edges[0], batch.edges[1]] = 1
    root = adjacency.sum(1).rsqrt().diag()
    powers = [vectors]
    for _ in range(3):
        powers.append(root @ adjacency @ root @ powers[-1])
    gates = [torch.sigmoid(power @ layer.gate.weight.T + layer.gate.bias) for power in powers]
    expected = sum(gate * power for gate, power in zip(gates, powers, strict=True))
    torch.testing.assert_close(layer(vectors, batch.edges), expected)


@pytest.mark.parametrize(
    ("head", "pairs"),
    [("distance", False), ("distance", True), ("coordinates", False), ("coordinates", True)],
)
def test_a_molecule_does_not_feel_its_batch_or_its_numbering(head, pairs):
    torch.manual_seed(0)
    network = Dagnn(16, 3, 4, 0.0, head, pairs).eval()
    mol = Chem.AddHs(Chem.MolFromSmiles("CC(=O)NC"))
    order = np.random.default_rng(0).permutation(mol.GetNumAtoms())
    with torch.no_grad():
        alone = network(join([integer_graph(mol)]))[0]
        among = network(join([integer_graph(mol), *[integer_graph(Chem.MolFromSmiles("CCO"))] * 2]))[0]
        other = network(join([integer_graph(Chem.RenumberAtoms(mol, order.tolist()))]))[0]
    torch.testing.assert_close(among[: len(alone)], alone)
    if head == "coordinates" and pairs:
        return  # where the search for points begins depends on the numbering
    table = np.zeros((len(order), len(order)))
    table[np.triu_indices(len(order), 1)] = alone
    expected = (table + table.T)[np.ix_(order, order)][np.triu_indices(len(order), 1)]
    np.testing.assert_allclose(other.numpy(), expected, atol=1e-4)


def test_majorization_comes_near_to_points_that_exist_and_lowers_the_stress():
    mol = Chem.AddHs(Chem.MolFromSmiles("CC(C)C(=O)NCc1ccco1"))
    assert EmbedMolecule(mol, randomSeed=7) == 0
    batch = join([integer_graph(mol), integer_graph(Chem.AddHs(Chem.MolFromSmiles("C")))])
    points = torch.from_numpy(np.concatenate([mol.GetConformer().GetPositions(), np.eye(5, 3) * 2])).float()
    first, second = batch.pairs
    wanted = (points[first] - points[second]).norm(dim=-1)
    stress, scaling = {}, Scaling()
    for steps in (1, 30, 300):
        scaling.STEPS = steps
        found = scaling(wanted, batch)
        stress[steps] = ((found[first] - found[second]).norm(dim=-1) - wanted).square().mean().item()
    assert stress[1] > stress[30] > stress[300] and stress[300] < 0.01 < stress[1]


def test_scaling_finds_points_that_exist():
    points = np.random.default_rng(0).normal(size=(9, 3))
    found = scaled_points(cdist(points, points))
    np.testing.assert_allclose(cdist(found, found), cdist(points, points), atol=1e-9)
    assert scaled_points(np.zeros((1, 1))).tolist() == [[0, 0, 0]]
    np.testing.assert_allclose(np.abs(scaled_points(np.array([[0, 2.0], [2, 0]]))[:, 0]), 1)


def test_distances_survive_the_sdf_and_are_what_is_scored(tmp_path):
    mol = Chem.AddHs(Chem.MolFromSmiles("CO"))
    reference = np.random.default_rng(1).normal(size=(6, 3)) * 2
    table = cdist(reference, reference) + 0.5 * (1 - np.eye(6))  # every distance off by the same half
    prediction = prediction_from_distances(table)
    np.testing.assert_allclose(table_from_text(prediction.properties[PROPERTY], 6), table, atol=1e-5)
    write_sdf(tmp_path / "a.sdf", [("m", set_positions(mol, prediction.positions), prediction.properties)])
    write_sdf(tmp_path / "b.sdf", [("m", set_positions(mol, reference), {})])
    ((_, geometry),) = read_geometries(tmp_path / "a.sdf")
    np.testing.assert_allclose(geometry.distances, table, atol=1e-5)
    scores = score_geometry(tmp_path / "a.sdf", tmp_path / "b.sdf", tmp_path / "out", samples=2)
    assert scores["mae"] == pytest.approx(0.5, abs=1e-4) and scores["rmse"] == pytest.approx(0.5, abs=1e-4)
    assert scores["d_mae_n2"] == pytest.approx(0.5 * 30 / 36, abs=1e-4)
    assert scores["mae_heavy"] == pytest.approx(0.5, abs=1e-4)
    assert scores["validity3d"] == 0  # the geometry by scaling would be valid


@pytest.mark.parametrize("model", ["mean-distance", "dagnn-distance", "dagnn-coordinates"])
def test_the_paper_s_models_run_through_the_stages(prepared, tmp_path, model):
    train([DataSet("", *prepared)], model, SETTINGS, 0, tmp_path)
    trained = load_model(tmp_path / "best.ckpt", torch.device("cpu"))
    records = read_records(prepared.records, MOLECULE_SCHEMA, read_split(prepared.splits, "random", "train"))
    rejections = []
    molecules = molecules_of(records, rejections)
    predictions = predict_molecules(trained, molecules, stored({}), rejections, batch_size=3)
    write_predictions(predictions, tmp_path / "predicted.sdf", rejections, len(records), keep_failed=True)
    geometries = dict(read_geometries(tmp_path / "predicted.sdf"))
    assert list(geometries) == [row["id"] for row in records] and not rejections
    errors, offset, size = 0.0, 0.0, 0
    for row in records:
        geometry = geometries[row["id"]]
        assert (geometry.distances is None) == (model == "dagnn-coordinates")
        table = geometry.distances
        if table is None:
            table = cdist(geometry.positions, geometry.positions)
        target = cdist(row["positions"], row["positions"])
        errors, offset = errors + np.abs(table - target).sum(), offset + (table - target).sum()
        size += len(target) * (len(target) - 1)
    assert errors / size < (0.4 if model == "mean-distance" else 1.0)  # of its own training part
    if model == "mean-distance":
        assert offset / size == pytest.approx(0, abs=1e-6)
