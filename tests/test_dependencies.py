"""Import closures: what they hold and, as much, what they leave out."""

import subprocess
import sys
from pathlib import Path

import pytest

from groundstate.cli import COMMANDS
from groundstate.dependencies import PACKAGE, UNCOUNTED, stage_sources
from groundstate.errors import GroundstateError
from groundstate.plugins import TABLES

# seconds to import each; what a stage does without stays out of its start
HEAVY = {"lightning", "torch_geometric", "torch", "rdkit", "pymatgen"}
NEEDED = {
    "prepare_molecules": {"rdkit"},
    "label_geometry": {"torch", "rdkit"},
    "relax_molecules": {"torch", "rdkit"},
    "prepare_crystals": {"pymatgen"},
    "embed_conformers": {"rdkit"},
    "train_geometry": {"lightning", "torch", "rdkit"},
    "train_crystals": {"lightning", "torch", "pymatgen"},
    "train_property": {"lightning", "torch", "torch_geometric", "rdkit"},
    "train_potential": {"lightning", "torch"},
    "score_potential": {"torch"},
    "export_potential": {"torch"},
    "predict_geometry": {"torch", "rdkit"},
    "generate_crystals": {"torch", "pymatgen"},
    "discover": {"torch", "pymatgen"},
    "score_geometry": {"rdkit"},
    "score_crystals": {"pymatgen"},
    "score_prediction": {"pymatgen"},
    "score_validity": {"pymatgen"},
    "score_stability": {"pymatgen"},
    "report": {"rdkit", "pymatgen"},
}
# no rule calls init or models
STAGES = [
    module.rpartition(".")[2] for name, (module, _) in COMMANDS.items() if name not in ("init", "models")
]


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
    for module in loaded.difference(UNCOUNTED):
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
        assert not names(stage) & {"cli/__init__.py", "plugins.py"}
    assert "training/fit.py" not in names("predict_geometry")
    assert "training/fit.py" not in names("generate_crystals")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with plug-ins of a user's."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine_models.py").write_text(
        "import numpy\nimport mine_helper\nfrom mine_parts import shapes\n"
    )
    (tmp_path / "mine_helper.py").write_text("from groundstate.molecules.sdf import write_sdf\n")
    (tmp_path / "mine_parts").mkdir()
    (tmp_path / "mine_parts/__init__.py").write_text("")
    (tmp_path / "mine_parts/shapes.py").write_text("from . import sizes\n")
    (tmp_path / "mine_parts/sizes.py").write_text("")
    (tmp_path / "not_imported.py").write_text("")
    return tmp_path


def test_a_plug_in_and_what_it_imports_of_its_folder_are_inputs_of_its_stage(folder: Path) -> None:
    alone, with_plug_in = set(stage_sources("report")), set(stage_sources("report", ["mine_models"]))
    own = {Path(path) for path in with_plug_in - alone if not Path(path).is_relative_to(PACKAGE)}
    assert own == {
        *(folder / f"mine_{name}.py" for name in ("models", "helper")),
        *(folder / f"mine_parts/{name}.py" for name in ("__init__", "shapes", "sizes")),
    }
    assert str(PACKAGE / "molecules/sdf.py") in with_plug_in


def test_an_installed_plug_in_counts_with_its_own_package_only(folder: Path) -> None:
    added = set(stage_sources("report", ["snakemake_executor_plugin_slurm"])) - set(stage_sources("report"))
    assert added
    assert {Path(path).parent.name for path in added} == {"snakemake_executor_plugin_slurm"}


def test_a_plug_in_that_is_absent_or_no_python_is_a_sentence(folder: Path) -> None:
    with pytest.raises(GroundstateError, match=r"plug-in mine_model: no such module in .*install it"):
        stage_sources("report", ["mine_model"])
    (folder / "mine_helper.py").write_text("def (:\n")
    with pytest.raises(GroundstateError, match=r"mine_helper.py: not Python .*; mend it"):
        stage_sources("report", ["mine_models"])


@pytest.mark.parametrize("table", TABLES)
def test_models_are_sources_of_their_own_stages_only(table: str) -> None:
    for reference in TABLES[table].values():
        module = reference.partition(":")[0]
        assert str(PACKAGE.joinpath(*module.split(".")[1:]).with_suffix(".py")) in stage_sources(
            "report", [module]
        )
