"""The property experiment: every kind of geometry, atom order, and what a network is blind to."""

import csv

import numpy as np
import pytest
import torch
from rdkit import Chem
from scipy.spatial.transform import Rotation

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.property.examples import make_property_examples
from groundstate.molecules.property.networks import batch_of, build
from groundstate.molecules.property.score import score_property
from groundstate.molecules.property.settings import TrainProperty
from groundstate.molecules.property.train import train_property
from groundstate.molecules.sdf import write_sdf
from groundstate.records import MOLECULE_SCHEMA, read_records

TARGET = "homo_lumo_gap_ev"
SETTINGS = (
    '{"schnet": {"channels": 8, "interactions": 2, "gaussians": 8}, '
    '"gaunt": {"channels": 2, "features": 8, "layers": 1, "radial": 4}, '
    '"training": {"max_steps": 12, "batch_size": 6, "warmup_steps": 2, "checkpoint_every": 6}}'
)


def shuffled(records, path, move):
    """An SDF of the records' geometries in another atom order, moved in space."""
    rng = np.random.default_rng(0)
    entries = []
    for row in records:
        mol = mol_from_record(row)
        mol.GetConformer().SetPositions(move(np.array(row["positions"])))
        mol = Chem.RenumberAtoms(mol, rng.permutation(mol.GetNumAtoms()).tolist())
        entries.append((row["id"], mol, {}))
    write_sdf(path, entries)
    return path


def config(network, geometry, records):
    sizes = getattr(TrainProperty(), network).model_dump()
    elements = sorted({number for row in records for number in row["atomic_numbers"]})
    return {
        "network": network,
        "geometry": geometry,
        "sizes": sizes,
        "elements": elements,
        "mean": 7.0,
        "deviation": 1.0,
    }


@pytest.mark.parametrize("network", ["schnet", "gaunt"])
def test_an_sdf_in_another_order_and_place_is_the_reference(prepared, tmp_path, network):
    records = read_records(prepared.records, MOLECULE_SCHEMA)[:6]
    turn = Rotation.random(random_state=1)
    path = shuffled(records, tmp_path / "a.sdf", lambda x: turn.apply(x) + 3)
    torch.manual_seed(0)
    about = config(network, "reference", records)
    model = build(about).eval()
    answers = []
    for geometry in ("reference", str(path)):
        examples, missing = make_property_examples(records, geometry, TARGET, "test", about["elements"])
        assert not missing
        with torch.no_grad():
            answers.append(model(batch_of(examples, about)))
    torch.testing.assert_close(answers[0], answers[1], atol=2e-3, rtol=1e-3)  # SDF keeps four decimals
    stretched = shuffled(records, tmp_path / "b.sdf", lambda x: 1.05 * x)
    examples, _ = make_property_examples(records, str(stretched), TARGET, "test", about["elements"])
    with torch.no_grad():
        assert (model(batch_of(examples, about)) - answers[0]).abs().min() > 1e-4


def test_the_graph_row_sees_no_geometry(prepared):
    records = read_records(prepared.records, MOLECULE_SCHEMA)[:6]
    about = config("schnet", "graph", records)
    torch.manual_seed(0)
    model = build(about).eval()
    examples, _ = make_property_examples(records, "graph", TARGET, "test")
    assert all(example.positions is None and example.distances is None for example in examples)
    with torch.no_grad():
        assert model(batch_of(examples, about)).shape == (6,)


def test_rows_are_trained_and_put_into_one_table(prepared, tmp_path):
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    sdf = shuffled(records[:-1], tmp_path / "made.sdf", lambda x: x)  # one molecule has no geometry
    missing = records[-1]["id"]
    lines = ["id,property"]
    parts = ["train", "validation", "test"]
    lines += [f"{row['id']},{parts[min(k // 12, 2)]}" for k, row in enumerate(records)]
    (tmp_path / "splits.csv").write_text("\n".join(lines) + "\n")
    rows = []
    for name, network, geometry in (("graph", "schnet", "graph"), ("made", "gaunt", str(sdf))):
        options = ["--records", prepared.records, "--splits", tmp_path / "splits.csv", "--geometry", geometry]
        options += ["--network", network, "--settings", SETTINGS, "--output-dir", tmp_path / name]
        with pytest.raises(SystemExit) as done:
            main(["train", "property", *map(str, options)])
        assert not done.value.code
        rows += ["--row", f"{name}={tmp_path / name / 'predictions.csv'}"]
    with (tmp_path / "made" / "predictions.csv").open() as handle:
        read = {row["id"]: row for row in csv.DictReader(handle)}
    assert len(read) == 6 and [key for key, row in read.items() if row["missing"] == "True"] == [missing]
    with pytest.raises(SystemExit) as done:
        main(["score", "property", *rows, "--output", str(tmp_path / "table")])
    assert not done.value.code
    assert (tmp_path / "table" / "table.csv").read_text().splitlines()[0].startswith("row,mae,rmse,n,missing")
    with pytest.raises(GroundstateError, match="gaunt needs a geometry"):
        train_property(
            prepared.records, prepared.splits, "graph", "gaunt", TrainProperty(), 0, tmp_path / "x"
        )


def test_the_table_by_hand(tmp_path):
    head = "id,target,predicted,missing\n"
    (tmp_path / "a.csv").write_text(head + "x,1.0,2.0,False\ny,3.0,3.0,False\n")
    (tmp_path / "b.csv").write_text(head + "y,3.0,0.0,True\nx,1.0,1.0,False\n")
    rows = score_property({"a": tmp_path / "a.csv", "b": tmp_path / "b.csv"}, tmp_path / "out")["rows"]
    assert (rows["a"]["mae"], rows["a"]["missing"], rows["a"]["worse_by"]) == (0.5, 0, 0)
    assert (rows["b"]["mae"], rows["b"]["missing"], rows["b"]["worse_by"]) == (1.5, 1, 1.0)
    assert rows["b"]["rmse"] == pytest.approx(4.5**0.5)
    assert rows["a"]["interval"] == [0, 1] and rows["b"]["worse_by_interval"] == [-1, 3]
    for text in ("x,nan,1.0,False\n", "x,1.0,inf,False\n", "x,1.0,1.0,False\nx,1.0,1.0,False\n", ""):
        (tmp_path / "c.csv").write_text(head + text)
        with pytest.raises(GroundstateError, match=r"c\.csv: not a table of predictions"):
            score_property({"c": tmp_path / "c.csv"}, tmp_path / "out")
    (tmp_path / "c.csv").write_text(head + "z,3.0,0.0,True\n")
    with pytest.raises(GroundstateError, match="is not about the molecules"):
        score_property({"a": tmp_path / "a.csv", "c": tmp_path / "c.csv"}, tmp_path / "out")


def test_a_row_is_not_replaced_by_the_table(tmp_path):
    row = tmp_path / "table.csv"
    row.write_text("id,target,predicted,missing\nx,1.0,2.0,False\n")
    with pytest.raises(SystemExit) as done:
        main(["score", "property", "--row", f"a={row}", "--output", str(tmp_path)])
    assert done.value.code == 2 and row.read_text().startswith("id,target")
