"""The notebooks of the documentation run from the top, on a few of their molecules."""

import json
from pathlib import Path

import pytest

from groundstate.weights import shipped_weights

NOTEBOOKS = sorted((Path(__file__).parents[1] / "docs/notebooks").glob("*.ipynb"))


def cells(path: Path) -> list[str]:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs_without_aimnet2(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not shipped_weights():
        pytest.skip("no weights come with this version")
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    for source in cells(path):
        if not source.startswith("# AIMNet2"):
            exec(compile(source, path.name, "exec"), names)
            names["drugs"] = {name: names["drugs"][name] for name in ("paracetamol", "tavaborole")}
    assert (tmp_path / "drugs.sdf").read_text().count("$$$$") == 2


def test_every_cell_compiles_and_holds_no_output() -> None:
    assert NOTEBOOKS
    for path in NOTEBOOKS:
        for source in cells(path):
            compile(source, path.name, "exec")
        assert all(not cell.get("outputs") for cell in json.loads(path.read_text())["cells"])
