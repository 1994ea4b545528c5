"""The section of a potential: tables, figures and verdicts from what the score wrote."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from groundstate.errors import GroundstateError
from groundstate.metrics.definition import as_json
from groundstate.metrics.interatomic.errors import DEFINITIONS
from groundstate.metrics.interatomic.score import ATOM_SCHEMA
from groundstate.report.page import write_report
from groundstate.report.potentials.figures import learning_figure, parity_figure, scan_figure
from groundstate.report.potentials.part import potential_part
from groundstate.report.runs import group_runs, read_run
from groundstate.report.verdict import judge_potentials


def numbers(size: float, n: int = 40) -> dict:
    values = {
        "energy_rmse": 3 * size,
        "energy_rmse_shifted": 2 * size,
        "force_rmse": 10 * size,
        "force_mae": size,
    }
    return {"n": n, **values, "intervals": {key: [0.9 * one, 1.1 * one] for key, one in values.items()}}


def both(size: float, n: int = 40) -> dict:
    return numbers(size, n) | {"baselines": {"constant": numbers(50, n)}}


def write_potential(root: Path, name: str, size: float) -> Path:
    """Write what the training and the score of one seed, or of the committee, leave."""
    folder = root / "potentials/mine/gaunt" / name
    errors = folder / "errors"
    errors.mkdir(parents=True)
    scan = numbers(size, 3) | {"barrier_error": size, "baselines": {"constant": numbers(50, 3)}}
    summary = both(size) | {
        "structures": 40,
        "groups": {"300K": both(size, 15), "600K": both(2 * size, 25)},
        "elements": {"H": both(size), "O": both(3 * size)},
        "scans": {"turn": scan},
        "definitions": as_json(DEFINITIONS),
    }
    (errors / "summary.json").write_text(json.dumps(summary))
    rows = [
        {
            "id": f"a{k}",
            "group": "300K" if k < 15 else "600K",
            "atoms": 4,
            "energy": -k,
            "predicted": -k - size / 1e3,
        }
        for k in range(40)
    ]
    pd.DataFrame(rows).to_csv(errors / "structures.csv", index=False)
    scan_rows = [
        {
            "id": f"turn-{k}",
            "scan": "turn",
            "axis": "dihedral angle, degrees",
            "coordinate": 30.0 * k,
            "atoms": 4,
        }
        | {"energy": 0.1 * k, "predicted": 0.1 * k + 5.0, "constant": 0.0}
        for k in range(3)
    ]
    pd.DataFrame(scan_rows).to_csv(errors / "scans.csv", index=False)
    atoms = [
        {"id": f"a{k}", "element": "HO"[k % 2], "reference": [k, 0.0, 1.0], "predicted": [k, 0.1, 1.0]}
        for k in range(2000)
    ]
    pq.write_table(pa.Table.from_pylist(atoms, ATOM_SCHEMA), errors / "atoms.parquet")
    if name != "committee":
        history = "step,train_loss,validation_loss,validation_force\n10,1,1,0.03\n20,0.1,0.1,0.0003\n"
        (folder / "training.csv").write_text(history)
        (folder / "provenance.json").write_text(json.dumps({"parameters": 7}))
    return folder


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [write_potential(tmp_path, *one) for one in (("seed0", 1.0), ("seed1", 1.2), ("committee", 0.8))]


def test_tables_have_seeds_the_committee_and_the_constant(folders: list[Path]) -> None:
    runs = group_runs([read_run(folder, "potentials") for folder in folders])
    part = potential_part("mine", runs["mine"])
    titles = [block.title for block in part.blocks]
    assert titles == ["Errors", "Errors by group", "Errors by element", "Scans", "Training"]
    table = part.blocks[0].tables[0]
    names = ["gaunt (2 seeds)", "gaunt, committee", "zero forces, mean energy"]
    assert [column.name for column in table.columns] == names
    forces = next(row for row in table.rows if row.name == "force RMSE")
    assert [cell.text for cell in forces.cells] == ["11.0", "8.0", "500.0"]
    assert [cell.best for cell in forces.cells] == [False, True, False]
    assert forces.unit == "meV/Å, ↓"
    groups = part.blocks[1].tables[-1]
    assert [(row.name, row.unit) for row in groups.rows] == [("300K", "n = 15"), ("600K", "n = 25")]
    assert [cell.text for cell in groups.rows[1].cells] == ["22.0", "16.0", "500.0"]
    assert groups.rows[1].cells[1].detail == "[14.4, 17.6]"
    assert [row.name for row in part.blocks[2].tables[0].rows] == ["H", "O"]
    assert [table.caption.split(",")[0] for table in part.blocks[3].tables] == [
        "energy RMSE",
        "barrier error",
    ]


def test_figures_show_what_the_files_hold(folders: list[Path]) -> None:
    runs = group_runs([read_run(folder, "potentials") for folder in folders])["mine"]
    part = potential_part("mine", runs)
    energies, forces, *_ = part.blocks[0].figures
    assert [line.get("name") for line in energies.data] == ["300K", "600K", None]
    assert energies.data[0]["x"][3] == -0.75  # an energy of -3 eV over four atoms
    assert [line.get("name") for line in forces.data] == ["H", "O", None]
    assert "One of 4 of the 6,000 values is drawn" in forces.caption
    (scan,) = part.blocks[3].figures
    reference, ours, _ = scan.data
    assert reference["y"] == ours["y"] == [0.0, 100.0, 200.0]  # moved by the mean error
    learning = part.blocks[4].figures[1]
    assert learning.data[0]["y"] == [100.0, 10.0]  # sqrt(0.03 / 3) eV/angstrom in meV/angstrom
    assert parity_figure("x", "x", "eV", {}, "") is None
    assert learning_figure("x", {}) is None
    assert scan_figure("x", "x", {}) is None


def test_the_page_judges_against_the_constant(folders: list[Path], tmp_path: Path) -> None:
    verdicts = judge_potentials("mine", group_runs([read_run(one, "potentials") for one in folders])["mine"])
    assert [(one.mark, one.whose) for one in verdicts] == [
        ("BETTER", "gaunt on mine"),
        ("BETTER", "gaunt on mine"),
        ("BETTER", "gaunt, committee on mine"),
        ("BETTER", "gaunt, committee on mine"),
    ]
    write_report([], [], tmp_path / "report.html", folders)
    text = (tmp_path / "report.html").read_text()
    assert "Interatomic potentials: gaunt, gaunt, committee on mine (3 runs)" in text
    assert text.count('<th scope="row">mine</th>') == 2  # one row a training


def test_a_broken_table_is_named(folders: list[Path], tmp_path: Path) -> None:
    (folders[0] / "errors/atoms.parquet").write_text("no parquet")
    with pytest.raises(GroundstateError, match=r"atoms\.parquet: not readable"):
        write_report([], [], tmp_path / "report.html", folders)
