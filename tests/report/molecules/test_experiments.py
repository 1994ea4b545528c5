"""What stands beside the models of a data set: the property experiment and the slow checks."""

import json

from groundstate.report.molecules.experiments import experiment_blocks


def test_blocks_show_what_is_there_and_nothing_else(tmp_path):
    assert experiment_blocks("qm9", tmp_path) == []
    row = {"mae": 0.25, "rmse": 0.4, "n": 80, "missing": 2, "interval": [0.2, 0.3]}
    rows = {
        "schnet-graph": row | {"worse_by": 0.0, "worse_by_interval": [0.0, 0.0]},
        "schnet-reference": row | {"mae": 0.125, "worse_by": -0.125, "worse_by_interval": [-0.2, -0.1]},
    }
    scores = {"posebusters": 1.0, "n": 5, "failed": 0, "intervals": {}}
    extensive = scores | {"name": "xtb", "definitions": {}, "baselines": {"lowest": scores, "dft": scores}}
    for name, content in (("property", {"rows": rows}), ("extensive", extensive)):
        folder = tmp_path / name / "seed0"
        folder.mkdir(parents=True)
        (folder / "summary.json").write_text(json.dumps(content))
    first, second = experiment_blocks("qm9", tmp_path)
    (table,) = first.lists
    assert [[cell.text for cell in line][:5] for line in table.rows] == [
        ["schnet-graph", "0.2500", "0.2000 to 0.3000", "0.4000", "+0.0000"],
        ["schnet-reference", "0.1250", "0.2000 to 0.3000", "0.4000", "-0.1250"],
    ]
    assert all(len(line) == len(table.columns) for line in table.rows)
    assert [column.name for column in second.tables[0].columns] == ["xtb", "ETKDGv3 + MMFF94, lowest", "DFT"]
