"""An exported potential in a process that cannot import this package, against the calculator."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.build import bulk, molecule

from groundstate.errors import GroundstateError
from groundstate.interatomic.calculator import load_network, predict
from groundstate.interatomic.export import export
from groundstate.interatomic.graph import atom_graph
from untrained import write_untrained

SCRIPT = """
import sys
for name in ("groundstate", "e3nn"):
    sys.modules[name] = None  # an import would fail
import json, torch
form, program, given, target = sys.argv[1:]
if form == "program":
    about = {"groundstate.json": ""}
    run = torch.export.load(program, extra_files=about).module()
    about = json.loads(about["groundstate.json"])
else:
    run = torch._inductor.aoti_load_package(program)
    about = run.loader.get_metadata()
assert about["elements"] == "H O" and float(about["cutoff"]) == 3.5
torch.save([run(*values) for values in torch.load(given)], target)
"""


def inputs(atoms: Atoms) -> tuple[torch.Tensor, ...]:
    graph = atom_graph(atoms, 3.5)
    vectors = atoms.positions[graph.sources] - atoms.positions[graph.targets]
    vectors = vectors + graph.shifts @ graph.cell
    species = np.searchsorted([1, 8], atoms.numbers)
    ends = (
        one.astype(np.int64) for one in (species, graph.sources, graph.targets)
    )  # a package takes no other
    return tuple(map(torch.from_numpy, (vectors, *ends)))


@pytest.mark.parametrize(
    "form",
    [
        "program",
        pytest.param(
            "package",
            marks=[
                pytest.mark.slow,
                pytest.mark.skipif(shutil.which("g++") is None, reason="Inductor needs a C++ compiler"),
            ],
        ),
    ],
)
def test_it_runs_alone_and_agrees(form: str, tmp_path: Path) -> None:
    checkpoint = write_untrained(tmp_path / "best.ckpt", 0, lmax=2)
    export(checkpoint, tmp_path / "potential.pt2", form)
    oxygen = bulk("O", "fcc", 3.4, cubic=True)
    oxygen.numbers[0] = 1
    structures = [molecule("H2O"), molecule("H2O2"), oxygen]
    torch.save([inputs(atoms) for atoms in structures], tmp_path / "inputs.pt")
    files = [tmp_path / name for name in ("potential.pt2", "inputs.pt", "results.pt")]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-c", SCRIPT, form, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    expected = predict([load_network(checkpoint, "cpu")], structures, stress=True)
    results = torch.load(files[2])
    for (energies, forces, _, virial), atoms, one in zip(results, structures, expected, strict=True):
        assert energies.sum().item() == pytest.approx(one["energy"], abs=1e-9)
        np.testing.assert_allclose(forces, one["forces"], atol=1e-9)
        if atoms.pbc.all():
            np.testing.assert_allclose(virial / atoms.get_volume(), one["stress"], atol=1e-10)


def test_what_cannot_be_exported_is_one_sentence(tmp_path: Path) -> None:
    checkpoint = write_untrained(tmp_path / "best.ckpt", 0)
    with pytest.raises(GroundstateError, match="form 'onnx' of package, program"):
        export(checkpoint, tmp_path / "x.pt2", "onnx")
    with pytest.raises(GroundstateError, match="no such checkpoint"):
        export(tmp_path / "none.ckpt", tmp_path / "x.pt2")
    assert not (tmp_path / "x.pt2").exists()
