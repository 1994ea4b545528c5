"""`groundstate score geometry` on files: ids, orders, failures, missing geometry, baselines."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.metrics.molecules.definitions import DEFINITIONS, MEDIAN_DEFINITIONS
from groundstate.metrics.molecules.score import score_geometry
from groundstate.molecules.mols import set_positions
from groundstate.molecules.sdf import write_sdf

SMILES = ["CCO", "C[C@H](O)F", r"C/C=C\C", "CC(=O)N", "C"]


def embedded(smiles: str, seed: int) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    assert rdDistGeom.EmbedMolecule(mol, randomSeed=seed) == 0
    return mol


@pytest.fixture
def files(tmp_path) -> tuple[Path, Path]:
    for name, seed in (("reference", 1), ("predicted", 2)):
        write_sdf(tmp_path / f"{name}.sdf", [(f"m {k}", embedded(s, seed), {}) for k, s in enumerate(SMILES)])
    return tmp_path / "predicted.sdf", tmp_path / "reference.sdf"


def edit(path: Path, function) -> Path:
    """Rewrite the records of an SDF through ``function(number, mol) -> (id, mol, properties) or None``."""
    with Chem.SDMolSupplier(str(path), removeHs=False) as supplier:
        rows = [function(k, mol) for k, mol in enumerate(supplier)]
    write_sdf(path.with_name("edited.sdf"), [row for row in rows if row])
    return path.with_name("edited.sdf")


def test_a_set_against_itself_is_perfect(files, tmp_path):
    summary = score_geometry(files[1], files[1], tmp_path / "out", samples=20)
    for name in ("mae", "rmse", "d_mae_n2", "d_rmse_n2", "bond_mae", "mae_symmetric", "mae_heavy"):
        assert summary[name] == pytest.approx(0, abs=1e-9)
    assert summary["c_rmsd"] == pytest.approx(0, abs=1e-4)
    for name in ("validity", "validity3d", "connectivity", "tetrahedral", "double_bond", "stereo"):
        assert summary[name] == 1
    assert (summary["n"], summary["failed"], summary["missing"], summary["extra"]) == (5, 0, 0, 0)
    assert summary["baselines"]["dft"]["mae"] is None and summary["baselines"]["dft"]["validity3d"] == 1


def test_pooled_and_mean_values_are_those_of_the_molecules(files, tmp_path):
    summary = score_geometry(*files, tmp_path / "out", samples=50)
    with (tmp_path / "out" / "molecules.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert [row["id"] for row in rows] == [f"m {k}" for k in range(5)]
    sizes = np.array([Chem.AddHs(Chem.MolFromSmiles(s)).GetNumAtoms() for s in SMILES])
    pairs = sizes * (sizes - 1)
    mae = np.array([float(row["mae"]) for row in rows])
    rmse = np.array([float(row["rmse"]) for row in rows])
    assert summary["mae"] == pytest.approx((mae * pairs).sum() / pairs.sum())
    assert summary["d_mae_n2"] == pytest.approx((mae * pairs).sum() / (sizes**2).sum())
    assert summary["rmse"] == pytest.approx(np.sqrt((rmse**2 * pairs).sum() / pairs.sum()))
    assert summary["c_rmsd"] == pytest.approx(np.mean([float(row["c_rmsd"]) for row in rows]))
    assert rows[0]["tetrahedral"] == "" and rows[1]["tetrahedral"] == "1.0"
    for name, bounds in summary["intervals"].items():
        assert bounds is None or (bounds[0] <= summary[name] + 1e-9 and summary[name] <= bounds[1] + 1e-9)
    assert set(summary["intervals"]) == set(DEFINITIONS | MEDIAN_DEFINITIONS)
    numbers = {key for key, value in summary.items() if isinstance(value, int | float)}
    assert numbers <= set(summary["definitions"])
    assert json.loads((tmp_path / "out" / "summary.json").read_text()) == summary


def test_the_estimate_of_a_prediction_stands_in_its_row(files, tmp_path):
    marked = edit(files[0], lambda k, mol: (f"m {k}", mol, {"error_estimate": "0.25"} if k else {}))
    summary = score_geometry(marked, files[1], tmp_path / "out", samples=5)
    with (tmp_path / "out" / "molecules.csv").open() as handle:
        estimates = [row["error_estimate"] for row in csv.DictReader(handle)]
    assert estimates == ["", *["0.25"] * 4] and summary["error_estimate"]["n"] == 4


def test_atom_order_of_the_prediction_does_not_matter(files, tmp_path):
    predicted, reference = files
    rng = np.random.default_rng(0)

    def shuffle(number, mol):
        order = rng.permutation(mol.GetNumAtoms()).tolist()
        return f"m {number}", Chem.RenumberAtoms(mol, order), {}

    straight = score_geometry(predicted, reference, tmp_path / "a", samples=2)
    mixed = score_geometry(edit(predicted, shuffle), reference, tmp_path / "b", samples=2)
    assert mixed["reordered"] >= 4 and mixed["n"] == 5  # a shuffled methane may look the same
    for name in ("c_rmsd", "stereo", "mae_heavy", "validity3d", "connectivity"):
        assert mixed[name] == pytest.approx(straight[name], abs=1e-5)
    assert mixed["mae"] <= straight["mae"] + 1e-9


def test_missing_extra_failed_broken_and_foreign_records_are_counted(files, tmp_path):
    predicted, reference = files

    def spoil(number, mol):
        if number == 0:
            return None
        if number == 1:
            return "m 1", mol, {"failed": "no embedding"}
        if number == 2:
            return "m 2", Chem.AddHs(Chem.MolFromSmiles("CCCC"), addCoords=True), {}
        if number == 3:
            return "stranger", mol, {}
        return "m 4", mol, {}

    summary = score_geometry(edit(predicted, spoil), reference, tmp_path / "out", samples=2)
    assert (summary["n"], summary["failed"], summary["missing"], summary["extra"]) == (2, 4, 3, 1)
    with (tmp_path / "out" / "rejected.csv").open() as handle:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(handle)}
    assert reasons["m 0"] == reasons["m 3"] == "no prediction has this id"
    assert "no 3D coordinates" in reasons["m 2"]
    assert reasons["stranger"] == "no reference has this id"


def test_an_id_that_the_reference_has_twice_is_scored_by_the_first_and_named(files, tmp_path):
    predicted, reference = files
    with reference.open("a") as handle:
        handle.write(predicted.read_text().split("$$$$\n")[0] + "$$$$\n")
    assert score_geometry(predicted, reference, tmp_path / "out", samples=2)["n"] == 5
    with (tmp_path / "out" / "rejected.csv").open() as handle:
        rows = [tuple(row.values()) for row in csv.DictReader(handle)]
    assert rows == [("m 0", "read reference", "the id occurs twice; the first one is kept")]


def test_wrong_molecule_is_rejected(files, tmp_path):
    predicted, reference = files
    swap = lambda number, mol: (f"m {(number + 1) % 5}", mol, {})  # noqa: E731
    with pytest.raises(GroundstateError, match="none of its molecules"):
        score_geometry(edit(predicted, swap), reference, tmp_path / "out", samples=2)


def test_mirror_images_fail_stereo_but_not_the_distances(files, tmp_path):
    _, reference = files

    def mirror(number, mol):
        return f"m {number}", set_positions(mol, mol.GetConformer().GetPositions() * [1, 1, -1]), {}

    summary = score_geometry(edit(reference, mirror), reference, tmp_path / "out", samples=2)
    assert summary["mae"] == pytest.approx(0, abs=1e-9)
    assert summary["tetrahedral"] == 0 and summary["double_bond"] == 1 and summary["stereo"] == 0.8


def test_hydrogens_on_one_side_only_are_left_out(files, tmp_path):
    predicted, reference = files
    bare = edit(predicted, lambda number, mol: (f"m {number}", Chem.RemoveHs(mol), {}))
    summary = score_geometry(bare, reference, tmp_path / "out", samples=2)
    full = score_geometry(predicted, reference, tmp_path / "full", samples=2)
    assert summary["n"] == 5
    assert summary["mae"] == pytest.approx(full["mae_heavy"]) and summary["mmff_strain"] is None


def test_a_reference_without_geometry_leaves_the_other_metrics(files, tmp_path):
    predicted, _ = files
    write_sdf(
        tmp_path / "graphs.sdf",
        [(f"m {k}", Chem.AddHs(Chem.MolFromSmiles(s)), {}) for k, s in enumerate(SMILES)],
    )
    summary = score_geometry(predicted, tmp_path / "graphs.sdf", tmp_path / "out", samples=2)
    assert summary["mae"] is None and summary["c_rmsd"] is None and summary["intervals"]["mae"] is None
    assert summary["validity3d"] == 1 and summary["connectivity"] == 1 and summary["n"] == 5
    assert summary["baselines"]["dft"]["n"] == 0 and summary["baselines"]["dft"]["validity"] is None


def test_command_line_with_a_baseline(files, tmp_path, capsys):
    predicted, reference = map(str, files)
    command = ["score", "geometry", "--reference", reference, "--output", str(tmp_path / "o")]
    with pytest.raises(SystemExit) as exit:
        main([*command, "--predicted", predicted, "--baseline", f"same={reference}"])
    assert exit.value.code == 0
    summary = json.loads((tmp_path / "o" / "summary.json").read_text())
    assert summary["baselines"]["same"]["mae"] == pytest.approx(0, abs=1e-9)
    of_the_set = {"definitions", "baselines", "name", "comparisons", "molecules"}
    assert set(summary) - of_the_set == set(summary["baselines"]["same"])
    capsys.readouterr()
    for arguments, message in [
        (
            ["--predicted", predicted, "--baseline", "nonsense"],
            "error: --baseline nonsense: expected NAME=FILE",
        ),
        (["--predicted", "absent.sdf"], "error: absent.sdf: no such file"),
    ]:
        with pytest.raises(SystemExit) as exit:
            main([*command, *arguments])
        assert exit.value.code == 2 and message in capsys.readouterr().err
