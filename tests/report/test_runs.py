"""Run folders as they are read and grouped."""

from pathlib import Path

from groundstate.report.runs import Run, group_runs, read_run


def test_names_come_from_the_folder(results):
    run = read_run(results / "molecules/qm9/gaunt-refiner/seed0", "molecules")
    assert (run.dataset, run.model, run.seed) == ("qm9", "gaunt-refiner", "0")
    assert run.label == "molecules/qm9/gaunt-refiner/seed0"
    assert run.shared == results / "molecules/qm9"
    assert set(run.scores) == {"geometry"} and len(run.structures["geometry"]) == 16
    assert run.structures["geometry"]["id"].iloc[0] == "gdb_000"


def test_ids_stay_text(results, tmp_path):
    folder = tmp_path / "molecules/set/net/seed0/geometry"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text("{}")
    (folder / "molecules.csv").write_text("id,mae\n0012,0.1\nNA,0.2\n")
    run = read_run(folder.parent, "molecules")
    assert run.structures["geometry"]["id"].tolist() == ["0012", "NA"]


def test_groups_are_ordered_by_number_not_by_text():
    runs = [
        Run("molecules", Path(f"/r/molecules/{dataset}/net/seed{seed}"), {}, None, {}, {})
        for dataset, seed in (("b", 10), ("b", 9), ("a", 2))
    ]
    groups = group_runs(runs)
    assert list(groups) == ["a", "b"]
    assert [run.seed for run in groups["b"]["net"]] == ["9", "10"]
