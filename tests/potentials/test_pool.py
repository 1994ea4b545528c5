"""Worker processes: death of a worker, failures, a cache that two runs share."""

import json
import threading
from pathlib import Path

import pytest
from ase.build import bulk

from groundstate.errors import GroundstateError
from groundstate.potentials.cache import Cache, calculation_key
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.interface import find_potential
from groundstate.potentials.pool import Task, calculate
from groundstate.potentials.settings import RelaxSettings

HERE = str(Path(__file__).parent)
SETTINGS = RelaxSettings(fmax=0.3)  # loose: a few steps each


@pytest.fixture(autouse=True)
def _importable(monkeypatch):
    monkeypatch.syspath_prepend(HERE)  # workers are spawned: they get the path from the parent


def crystals():
    jobs = {}
    for symbol, a in [("Cu", 3.7), ("Au", 4.2), ("Ag", 4.2), ("Ni", 3.6)]:
        atoms = bulk(symbol, a=a, cubic=True)
        atoms.rattle(0.05, seed=2)
        jobs[Job("relax", symbol)] = atoms
    return jobs


def run(name, folder, arguments=None, jobs=None, workers=1):
    potential = find_potential(name, arguments)
    return Calculations(potential, Cache(folder), SETTINGS, workers).run(jobs or crystals())


def in_process():
    potential = find_potential("ase.calculators.emt:EMT")
    return {
        job: calculate(potential, Task("", job.kind, atoms), SETTINGS) for job, atoms in crystals().items()
    }


def test_a_killed_worker_changes_nothing(tmp_path):
    expected = in_process()
    marker = tmp_path / "died"
    found = run("calculators:Deadly", tmp_path / "b", {"marker": str(marker)}, workers=2)
    assert marker.exists()
    assert found == expected


def test_a_crystal_that_kills_twice_fails_alone_and_is_not_cached(tmp_path):
    arguments = {"marker": str(tmp_path / "died"), "always": True}
    found = run("calculators:Deadly", tmp_path / "b", arguments)
    assert found["relax", "Au"]["outcome"] == "failed"
    assert "twice" in found["relax", "Au"]["reason"]
    assert [found["relax", s]["outcome"] for s in ("Cu", "Ag", "Ni")] == ["converged"] * 3
    assert len(list((tmp_path / "b").rglob("*.json"))) == 3


def test_what_is_cached_is_not_computed_again(tmp_path):
    log = tmp_path / "log"
    arguments = {"log": str(log)}
    first = run("calculators:Counting", tmp_path / "c", arguments)
    lines = len(log.read_text().splitlines())
    assert run("calculators:Counting", tmp_path / "c", arguments) == first
    assert len(log.read_text().splitlines()) == lines
    damaged = next((tmp_path / "c").rglob("*.json"))
    damaged.write_text('{"outcome": "conv')
    assert run("calculators:Counting", tmp_path / "c", arguments) == first
    assert len(log.read_text().splitlines()) > lines
    json.loads(damaged.read_text())


def test_two_runs_share_one_cache(tmp_path):
    found = {}

    def one(name):
        found[name] = run("ase.calculators.emt:EMT", tmp_path / "shared")

    threads = [threading.Thread(target=one, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found["a"] == found["b"] == in_process()
    assert not list((tmp_path / "shared").rglob("*.part"))


def test_an_unknown_element_fails_with_the_calculator_s_words():
    found = calculate(find_potential("ase.calculators.emt:EMT"), Task("", "single", bulk("W")), SETTINGS)
    assert found["outcome"] == "failed"
    assert "W" in found["reason"]


def test_a_calculator_that_does_not_load_is_one_sentence(tmp_path):
    with pytest.raises(GroundstateError, match="has no 'Absent'"):
        run("calculators:Absent", tmp_path)
    with pytest.raises(GroundstateError, match="no module 'absent_package'"):
        _ = find_potential("absent_package:Calculator").calculator
    with pytest.raises(GroundstateError, match="not an ASE calculator"):
        _ = find_potential("builtins:dict").calculator


def test_the_key_knows_content_potential_and_settings():
    atoms = bulk("Cu", cubic=True)
    key = calculation_key(atoms, "relax", "p")
    moved = atoms.copy()
    moved.positions[0, 0] += 1e-5
    assert key == calculation_key(atoms.copy(), "relax", "p")
    assert (
        len(
            {
                key,
                calculation_key(moved, "relax", "p"),
                calculation_key(atoms, "single", "p"),
                calculation_key(atoms, "relax", "q"),
            }
        )
        == 4
    )
