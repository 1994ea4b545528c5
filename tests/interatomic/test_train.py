"""A short training on EMT energies: it learns, its calculator relaxes, its scores add up."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.optimize import FIRE

from groundstate.errors import GroundstateError
from groundstate.interatomic.calculator import GauntCalculator
from groundstate.interatomic.data import atomic_energies, load_configurations
from groundstate.interatomic.settings import TrainPotential
from groundstate.interatomic.train import doubts, labelled_graph, train
from groundstate.metrics.interatomic.score import score
from groundstate.training.fit import _identity

MAIN = "from groundstate.cli import main; main()"
SETTINGS = TrainPotential.model_validate(
    {
        "network": {"channels": 8, "lmax": 2, "cutoff": 4.5, "radial_width": 16},
        "stress_weight": 0.0,
        "training": {"max_steps": 200, "batch_size": 4, "learning_rate": 0.02, "checkpoint_every": 100,
                     "warmup_steps": 5, "ema_decay": 0.98},
    }
)  # fmt: skip


@pytest.fixture(scope="module")
def trained(copper_gold: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("potential")
    train(copper_gold, None, SETTINGS, 0, folder)
    return folder / "best.ckpt"


def test_scores_beat_the_constant_by_far_and_name_their_groups(
    trained: Path, copper_gold: Path, tmp_path: Path
) -> None:
    summary = score([trained], copper_gold, tmp_path / "scores")
    assert set(summary["groups"]) == {"odd", "even"}
    assert summary["n"] == 40
    constant = summary["baselines"]["constant"]
    assert summary["force_rmse"] < 0.3 * constant["force_rmse"]
    assert summary["energy_rmse"] < 0.3 * constant["energy_rmse"]
    low, high = summary["intervals"]["force_rmse"]
    assert low < summary["force_rmse"] < high
    # squares of the elements add up to that of all
    sizes = {symbol: 0 for symbol in ("Cu", "Au")}
    atoms = pq.read_table(tmp_path / "scores/atoms.parquet").to_pylist()
    for atom in atoms:
        sizes[atom["element"]] += 1
    assert sum(sizes.values()) == len(atoms) == 160
    squares = [sizes[symbol] * row["force_rmse"] ** 2 for symbol, row in summary["elements"].items()]
    assert sum(squares) / 160 == pytest.approx(summary["force_rmse"] ** 2)
    assert json.loads((tmp_path / "scores/summary.json").read_text())["groups"]["odd"]["n"] == 20


def test_a_relaxation_goes_most_of_the_way_down_in_the_reference(trained: Path) -> None:
    start = bulk("Cu", "fcc", 3.7, cubic=True)
    start.positions += 0.15 * np.random.default_rng(5).normal(size=(4, 3))
    energies = []
    for calculator in (GauntCalculator(trained), EMT()):
        atoms = start.copy()
        atoms.calc = calculator
        FIRE(atoms, logfile=None).run(fmax=0.05, steps=100)
        atoms.calc = EMT()
        energies.append(atoms.get_potential_energy())
    start.calc = EMT()
    before = start.get_potential_energy()
    assert before - energies[0] > 0.8 * (before - energies[1]) > 0


def test_a_committee_has_a_spread_and_foreign_elements_are_named(trained: Path) -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.calc = GauntCalculator([trained, trained])
    atoms.get_potential_energy()
    assert atoms.calc.results["energy_spread"] == 0
    np.testing.assert_allclose(atoms.calc.results["energies"].sum(), atoms.get_potential_energy())
    atoms.numbers[0] = 3
    with pytest.raises(GroundstateError, match="Li"):
        atoms.get_potential_energy()


def test_the_command_trains_the_same_weights(trained: Path, copper_gold: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-c", MAIN, "train", "potential", "--data", str(copper_gold)]
    command += ["--output-dir", str(tmp_path), "--settings", SETTINGS.model_dump_json()]
    subprocess.run(command, check=True, capture_output=True)
    one, two = (GauntCalculator(path).networks[0].state_dict() for path in (trained, tmp_path / "best.ckpt"))
    assert all((one[name] == two[name]).all() for name in one)


def test_other_weights_of_the_loss_are_another_training(
    copper_gold: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = []
    monkeypatch.setattr("groundstate.interatomic.train.fit", lambda task, folder, **_: tasks.append(task))
    for change in ({}, {}, {"energy_weight": 2.0}, {"precision": "float64"}):
        train(copper_gold, None, SETTINGS.model_copy(update=change), 0, tmp_path)
    names = [_identity(task) for task in tasks]  # of the folder that an unfinished training is resumed from
    assert names[0] == names[1]
    assert len(set(names)) == 3


def test_an_unlabelled_structure_is_named(tmp_path: Path) -> None:
    path = tmp_path / "mine.xyz"
    path.write_text('2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\nH 0 0 0.74\n')
    with pytest.raises(GroundstateError, match="mine-0"):
        train(path, None, SETTINGS, 0, tmp_path)


def test_what_is_seldom_meant_is_said(copper_gold: Path) -> None:
    _, structures = atomic_energies(load_configurations(copper_gold))

    def said(factor: float, fitted: set[int], without_forces: int) -> str:
        changed = [one._replace(atoms=one.atoms.copy()) for one in structures]
        for number, one in enumerate(changed):
            one.atoms.set_cell(one.atoms.cell * factor, scale_atoms=True)
            if number < without_forces:
                changed[number] = one._replace(forces=None)
        return " ".join(doubts(changed, [labelled_graph(one, 6.0) for one in changed], fitted))

    assert said(1, set(), 0) == ""
    assert "no isolated atom of Cu, Au" in said(1, {29, 79}, 0)
    assert "3 of 40 structures have no forces, 'cell-0' first" in said(1, set(), 3)
    assert "at 1.6" in said(1 / 0.529, set(), 0)
    assert "no atom has a neighbour" in said(100, set(), 0)
