"""Import closures: what they hold and, as much, what they leave out."""

import subprocess
import sys
from pathlib import Path

import pytest

from groundstate.cli import COMMANDS
from groundstate.dependencies import PACKAGE, stage_sources

# seconds to import each; what a stage does without stays out of its start
HEAVY = {"lightning", "torch_geometric", "torch", "rdkit", "pymatgen"}
NEEDED = {
    "prepare_molecules": {"rdkit"},
    "prepare_crystals": {"pymatgen"},
    "embed_conformers": {"rdkit"},
    "train_geometry": {"lightning", "torch", "rdkit"},
    "train_crystals": {"lightning", "torch", "pymatgen"},
    "train_property": {"lightning", "torch", "torch_geometric", "rdkit"},
    "predict_geometry": {"torch", "rdkit"},
    "generate_crystals": {"torch", "pymatgen"},
    "score_geometry": {"rdkit"},
    "score_crystals": {"pymatgen"},
    "score_prediction": {"pymatgen"},
    "score_validity": {"pymatgen"},
    "score_stability": {"pymatgen"},
    "report": {"rdkit", "pymatgen"},
}
STAGES = [module.rpartition(".")[2] for module, _ in COMMANDS.values()]


def names(stage: str) -> set[str]:
    return {str(Path(path).relative_to(PACKAGE)) for path in stage_sources(stage)}


@pytest.mark.parametrize("stage", STAGES)
def test_closure_holds_what_python_really_imports_and_no_heavy_package_in_vain(stage: str) -> None:
    script = f"import sys, groundstate.cli.{stage} as _; print(*sys.modules)"
    every = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    names = set(every.stdout.split())
    assert names & HEAVY <= NEEDED.get(stage, set())
    loaded = {name for name in names if name.split(".")[0] == "groundstate"}
    files = {str(Path(path)) for path in stage_sources(stage)}
    for module in set(loaded) - {"groundstate", "groundstate.cli"}:
        path = PACKAGE.joinpath(*module.split(".")[1:])
        assert {str(path.with_suffix(".py")), str(path / "__init__.py")} & files, module


def test_stages_do_not_depend_on_each_other() -> None:
    assert f"cli/{STAGES[0]}.py" in names(STAGES[0])
    assert not any("crystals/" in name for name in names("train_geometry"))
    assert not any("molecules/" in name for name in names("train_crystals"))
    assert not any(name.startswith(("gaunt/", "diffusion/")) for name in names("score_geometry"))
    for stage in STAGES:
        others = {f"cli/{other}.py" for other in STAGES if other != stage}
        assert not names(stage) & others
        assert "cli/__init__.py" not in names(stage)
    assert "training/fit.py" not in names("predict_geometry")
    assert "training/fit.py" not in names("generate_crystals")
