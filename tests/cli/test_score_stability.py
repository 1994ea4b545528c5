"""`groundstate score stability` with ASE's EMT: every class, controls, shards, bad input."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.spacegroup import crystal

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.potentials.cache import Cache
from groundstate.stability.evaluation import evaluate_stability, fill_cache
from groundstate.stability.rows import CLASSES
from groundstate.stability.settings import ScoreStability

CALCULATORS = str(Path(__file__).parents[1] / "potentials")
EMT = {
    "potential": "ase.calculators.emt:EMT",
    "potential_scheme": "emt",
    "workers": 0,
    "fmax": 0.1,
    "whole_references": True,
}


def ordered(a=3.9, small="Cu"):
    """CuAu3-like ordered fcc alloy: four atoms."""
    return crystal([small, "Au"], [(0, 0, 0), (0.5, 0.5, 0)], spacegroup=221, cellpar=[a] * 3 + [90] * 3)


def save(path, named):
    frames = []
    for name, atoms in named.items():
        atoms = atoms.copy()
        atoms.info = {"id": name}
        frames.append(atoms)
    ase.io.write(path, frames, format="extxyz")
    return path


def known_layered():
    return crystal(
        ["Cu", "Au"], [(0, 0, 0), (0.5, 0.5, 0.5)], spacegroup=123, cellpar=[2.8, 2.8, 3.7] + [90] * 3
    )


def known_phases(path):
    known = {"Cu": bulk("Cu", a=3.6), "Au": bulk("Au", a=4.06), "Ag": bulk("Ag", a=4.06)}
    known["CuAu"] = known_layered()
    return save(path, known)


@pytest.fixture
def references(tmp_path):
    return known_phases(tmp_path / "known.extxyz")


def moved(atoms):
    atoms.rattle(0.05, seed=1)
    return atoms


# name -> crystal, its class, and what its row must say
CASES = {
    "a good crystal": (moved(ordered()), "converged", lambda row: row["unique"] and row["novel"]),
    "the same crystal again": (moved(ordered()), "converged", lambda row: not row["unique"]),
    "overlapping atoms": (
        Atoms("Cu2", cell=np.eye(3) * 5, pbc=True, positions=[[0, 0, 0], [0.4, 0, 0]]),
        "rejected_geometry",
        lambda row: "distance of 0.40" in row.reason,
    ),
    "an isolated atom": (  # relaxed at once, and far from stable
        Atoms("Cu", cell=np.eye(3) * 14, pbc=True),
        "converged",
        lambda row: row.energy_above_hull > 1,
    ),
    "a lone element": (
        bulk("Cu", a=3.7),
        "converged",
        lambda row: row.energy_above_hull < 0.01 and not row["novel"] and not row.hull_incomplete,
    ),
    "an element the potential does not know": (
        Atoms("WCu", cell=np.eye(3) * 3.2, pbc=True, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]]),
        "failed",
        lambda row: "No EMT-potential for W" in row.reason,
    ),
    "a 200-atom cell": (
        bulk("Cu", cubic=True) * (5, 5, 2),
        "converged",
        lambda row: row.atoms == 200 and row.energy_above_hull < 0.01,
    ),
    "a vacuum slab": (
        fcc111("Cu", (1, 1, 3), vacuum=8, periodic=True),
        "converged",
        lambda row: row.energy_above_hull > 0.1 and row.volume_ratio > 0.5,
    ),
    "a cell that contracts": (
        Atoms("CuAu", cell=np.eye(3) * 4.5, pbc=True, scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]]),
        "collapsed",
        lambda row: "volume became" in row.reason,
    ),
    "more atoms than the limit": (bulk("Cu", cubic=True) * (6, 6, 2), "not_scored", lambda row: True),
    "a non-finite cell": (None, "rejected_geometry", lambda row: "finite" in row.reason),
}


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """The command line on all cases at once: the folder it wrote."""
    folder = tmp_path_factory.mktemp("scored")
    path = save(folder / "mine.extxyz", {name: atoms for name, (atoms, *_) in CASES.items() if atoms})
    lattice = 'Lattice="nan 0 0 0 3 0 0 0 3" Properties=species:S:1:pos:R:3 pbc="T T T"'
    path.write_text(path.read_text() + f'1\n{lattice} id="a non-finite cell"\nCu 0 0 0\n')
    known = known_phases(folder / "known.extxyz")
    arguments = ["--structures", str(path), "--reference", str(known), "--output", str(folder / "out")]
    settings = json.dumps({**EMT, "max_crystals": None, "max_atoms": 200, "max_steps": 60})
    with pytest.raises(SystemExit) as stop:
        main(["score", "stability", *arguments, "--settings", settings])
    assert stop.value.code == 0
    return folder / "out"


def score(tmp_path, structures, references=(), seed=0, shard=None, cache="cache", **settings):
    chosen = ScoreStability.model_validate({**EMT, **settings})
    common = structures, references, chosen, Cache(tmp_path / cache), seed
    return evaluate_stability(*common) if shard is None else fill_cache(*common, shard)


@pytest.mark.parametrize("name", CASES)
def test_bad_input(scored, name):
    row = (
        pd.read_csv(scored / "crystals.csv", keep_default_na=False, na_values=[""]).set_index("id").loc[name]
    )
    assert row["class"] == CASES[name][1], row.reason
    assert CASES[name][2](row)


def test_every_crystal_is_in_one_class_and_in_the_files(scored):
    table = pd.read_csv(scored / "crystals.csv").set_index("id")
    assert list(table.index) == list(CASES)
    summary = json.loads((scored / "summary.json").read_text())
    assert sum(summary["classes"].values()) == summary["n"] == len(table)
    assert set(table["class"]) <= set(CLASSES)
    assert (summary["hull"]["label"], summary["hull"]["phases_per_system"]["Au-Cu"]) == ("complete", 1)
    assert 0 < summary["sun_100mev"] <= summary["stable_100mev"]
    relaxed = ase.io.read(scored / "relaxed.extxyz", ":")
    lost = pd.read_csv(scored / "rejected.csv")
    assert len(relaxed) + len(lost) == len(table)
    assert [a.info["id"] for a in relaxed] == [i for i in table.index if i not in set(lost["id"])]
    good = table.loc["a good crystal"]
    assert good["energy_per_atom"] < good["initial_energy_per_atom"]
    assert good["initial_space_group"] not in ("", "Pm-3m")  # rattled
    assert (good["space_group"], good["space_group_number"]) == ("Pm-3m", 221)
    text = (scored / "crystals.csv").read_text()
    assert ",Pm-3m,221," in text  # a count beside rows without one is still no decimal fraction
    phases = pd.read_csv(scored / "reference_phases.csv").set_index("id")
    assert phases["formula"].to_dict() == {"CuAu": "CuAu"}  # elements lie at zero
    assert phases.loc["CuAu", "formation_energy_per_atom"] == pytest.approx(0, abs=0.01)
    pd.testing.assert_frame_equal(
        pd.read_parquet(scored / "crystals.parquet")[["id", "class", "steps"]],
        pd.read_csv(scored / "crystals.csv", keep_default_na=False, na_values=[""])[["id", "class", "steps"]],
        check_dtype=False,
    )


def test_formation_energy_is_against_the_potential_s_own_elements(tmp_path, references):
    path = save(tmp_path / "mine.extxyz", {"a": ordered()})
    found = score(tmp_path, path, [references], fmax=0.01).scores["generated"]
    own = {}
    for name, a in (("Cu", 3.6), ("Au", 4.06)):
        from ase.calculators.emt import EMT as Calculator

        atoms = bulk(name, a=a)
        atoms.calc = Calculator()
        own[name] = atoms.get_potential_energy()
    row = found.rows[0]
    assert row.formation_energy_per_atom == pytest.approx(
        row.energy_per_atom - (own["Cu"] + 3 * own["Au"]) / 4
    )
    assert row.energy_above_hull == pytest.approx(max(0.0, row.decomposition_energy), abs=1e-9)


def test_the_choice_is_the_first_in_file_order_whatever_their_geometry(tmp_path):
    named = {"overlap": CASES["overlapping atoms"][0]}
    named |= {f"cu{i}": bulk("Cu", a=3.5 + i / 20) for i in range(3)}
    rows = score(tmp_path, save(tmp_path / "m.extxyz", named), max_crystals=2).scores["generated"].rows
    assert [row.outcome for row in rows] == ["rejected_geometry", "converged", "not_scored", "not_scored"]


def test_controls_have_the_compositions_and_the_budget(tmp_path, references):
    named = {"a": ordered(), "b": bulk("Cu", a=3.7)}
    known = save(tmp_path / "more.extxyz", {"AgAu3": ordered(4.1, "Ag"), "CuAu3": ordered(4.0)})
    found = score(
        tmp_path,
        save(tmp_path / "m.extxyz", named),
        [references, known],
        controls=["random_search", "prototypes", "training_replay"],
    )
    for name in ("random_search", "prototypes"):
        assert [row.formula for row in found.scores[name].rows] == ["CuAu3", "Cu"]
        assert found.summary[f"against_{name}"]["compositions"] >= 1
    assert set(found.summary["baselines"]) == {"random_search", "prototypes", "training_replay"}
    prototype = found.scores["prototypes"].rows[0]
    assert prototype.outcome == "converged"  # AgAu3 with copper for silver is CuAu3
    assert prototype.formation_energy_per_atom == pytest.approx(
        found.scores["generated"].rows[0].formation_energy_per_atom, abs=2e-3
    )


def test_shards_fill_a_cache_that_the_whole_then_only_reads(tmp_path, references):
    named = {f"cu{i}": bulk("Cu", a=3.4 + i / 20) for i in range(4)}
    path = save(tmp_path / "m.extxyz", named)
    settings = {"controls": ["random_search"], "second_potential": "ase.calculators.emt:EMT"}
    whole = score(tmp_path, path, [references], cache="alone", **settings)
    arguments = ["--structures", path, "--reference", references, "--output", tmp_path / "out"]
    arguments += ["--cache", tmp_path / "cache", "--settings", json.dumps(EMT | settings)]
    for part in ("1/2", "2/2"):
        with pytest.raises(SystemExit) as stop:
            main(["score", "stability", *map(str, arguments), "--shard", part])
        assert stop.value.code == 0
    assert json.loads((tmp_path / "out/shards/2.json").read_text()) == {"generated": 2, "random_search": 2}
    assert not (tmp_path / "out/summary.json").exists()
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.json")}
    again = score(tmp_path, path, [references], **settings)
    assert {file: file.stat().st_mtime_ns for file in (tmp_path / "cache").rglob("*.json")} == before
    for name in ("generated", "random_search"):
        assert again.scores[name].rows == whole.scores[name].rows
    assert again.summary == whole.summary


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_result(tmp_path, references):
    named = {f"x{i}": ordered(3.7 + i / 10) for i in range(5)}
    path = save(tmp_path / "m.extxyz", named)
    settings = json.dumps({**EMT, "fmax": 0.001, "workers": 2})
    program = [sys.executable, "-c", "from groundstate.cli import main; main()", "score", "stability"]
    arguments = ["--structures", path, "--reference", references, "--settings", settings]
    command = [*program, *map(str, arguments), "--output", str(tmp_path / "out")]
    run = subprocess.Popen(command, stderr=subprocess.DEVNULL, start_new_session=True)
    while len(list((tmp_path / "out").rglob("cache/*/*.json"))) < 2 and run.poll() is None:
        time.sleep(0.02)
    os.killpg(run.pid, signal.SIGKILL)
    run.wait()
    assert not (tmp_path / "out/crystals.csv").exists()
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    expected = score(tmp_path, path, [references], fmax=0.001, cache="fresh")
    table = pd.read_csv(tmp_path / "out/crystals.csv")
    for column in ("formation_energy_per_atom", "energy_above_hull"):
        assert table[column].tolist() == pytest.approx(
            [getattr(row, column) for row in expected.scores["generated"].rows], abs=1e-12
        )


def test_two_polymorphs_compete_with_each_other_and_the_command_tells_the_table(tmp_path, references, capsys):
    """No controls and no limits unless asked; the higher polymorph lies above by exactly the difference."""
    sphalerite = [(0, 0, 0), (0.25, 0.25, 0.25)]
    high = crystal(["Cu", "Au"], sphalerite, spacegroup=216, cellpar=[6.0] * 3 + [90] * 3)
    named = {"low": ordered(3.9), "high": high}
    named |= {f"cu{i}": bulk("Cu", a=3.5 + i / 50) for i in range(9)} | {"AuCu": known_layered()}
    path = save(tmp_path / "m.extxyz", named)
    arguments = ["--structures", path, "--reference", references, "--output", tmp_path / "out"]
    with pytest.raises(SystemExit) as stop:
        main(["score", "stability", *map(str, arguments), "--settings", json.dumps(EMT)])
    assert stop.value.code == 0
    printed = capsys.readouterr().out
    table = pd.read_csv(tmp_path / "out/crystals.csv").set_index("id")
    assert set(table["class"]) == {"converged"}  # all twelve
    assert not (tmp_path / "out/controls").exists()
    low, high = table.loc["AuCu"], table.loc["high"]
    difference = high["formation_energy_per_atom"] - low["formation_energy_per_atom"]
    assert difference > 0.1
    assert high["energy_above_hull"] - low["energy_above_hull"] == pytest.approx(difference, abs=1e-8)
    assert high["decomposition_products"].startswith("CuAu (")
    assert "decomposition" in printed and "moles of formula units" in printed
    assert printed.rstrip().endswith("crystals.csv, relaxed.extxyz, rejected.csv, summary.json, figures/")


def test_training_crystals_count_for_novelty_and_not_for_the_hull(tmp_path, references):
    path = save(tmp_path / "mine.extxyz", {"a": ordered()})
    train = save(tmp_path / "train.extxyz", {"t": ordered(4.0)})
    alone = score(tmp_path, path, [references]).scores["generated"].rows[0]
    chosen = ScoreStability.model_validate(EMT)
    cache = Cache(tmp_path / "cache")
    beside = evaluate_stability(path, [references], chosen, cache, train=[train]).scores["generated"].rows[0]
    assert (alone.novel, beside.novel) == (True, False)
    assert beside.energy_above_hull == alone.energy_above_hull
    assert beside.reference_phases == alone.reference_phases


@pytest.mark.parametrize("split", [False, True])
def test_training_crystals_that_cannot_be_read_are_named(tmp_path, references, capsys, split):
    path = save(tmp_path / "mine.extxyz", {"a": ordered()})
    train = save(tmp_path / "train.extxyz", {"t": ordered(4.0)})
    train.write_text(train.read_text() + '1\nLattice="3 0 0 0 3 0 0 0 3" id=bad\nCu 0 nan 0\n')
    arguments = ["--structures", path, "--reference", references, "--train", train]
    if split:
        (tmp_path / "splits.csv").write_text("id,random\nt,train\nbad,train\n")
        arguments += ["--splits", tmp_path / "splits.csv"]
    arguments += ["--output", tmp_path / "out", "--settings", json.dumps(EMT)]
    with pytest.raises(SystemExit) as stop:
        main(["score", "stability", *map(str, arguments)])
    assert stop.value.code == 0
    table = tmp_path / "out/rejected.csv"
    (row,) = pd.read_csv(table).to_dict("records")
    assert (row["id"], row["stage"]) == ("train.extxyz:bad", "read train")
    assert row["reason"].startswith("unreadable: a coordinate of atom 1 is nan")
    told = f"1 references or training crystals rejected, see {table}; the first: train.extxyz:bad: unreadable"
    assert told in capsys.readouterr().err


def test_a_bad_entry_is_listed_and_the_others_make_the_hull(tmp_path, references):
    bad = {**ENTRY, "entry_id": "bad", "parameters": {"run_type": "r2SCAN"}}
    (tmp_path / "hull.json").write_text(json.dumps([{**ENTRY, "energy": -8.0}, bad]))
    path = save(tmp_path / "m.extxyz", {"a": ordered()})
    found = score(tmp_path, path, [references, tmp_path / "hull.json"], potential_scheme="mp2020")
    assert [(one.id, "r2SCAN" in one.reason) for one in found.rejected_references] == [
        ("hull.json:bad", True)
    ]
    assert found.summary["hull"]["phases_from_entries"] == 1


def test_a_hole_of_the_potential_is_collapsed(tmp_path, references, monkeypatch):
    monkeypatch.syspath_prepend(CALCULATORS)
    named = {"a": ordered()}
    found = score(
        tmp_path,
        save(tmp_path / "m.extxyz", named),
        [references],
        potential="calculators:Hole",
        potential_scheme="mp2020",
    )
    row = found.scores["generated"].rows[0]
    assert (row.outcome, "hole" in row.reason) == ("collapsed", True)
    assert found.summary["stable_100mev"] == 0.0


def test_two_potentials_are_compared(tmp_path, references):
    found = score(
        tmp_path,
        save(tmp_path / "m.extxyz", {"a": ordered()}),
        [references],
        second_potential="ase.calculators.emt:EMT",
    )
    row = found.scores["generated"].rows[0]
    assert row.second_formation_energy_per_atom == pytest.approx(row.formation_energy_per_atom)
    assert found.summary["agreement"]["same_stable_0mev"] == 1.0


def test_bad_records_are_listed_and_the_others_are_scored(tmp_path, references):
    path = save(tmp_path / "m.extxyz", {"a": ordered(), "b": ordered(4.0)})
    path.write_text(path.read_text() + save(tmp_path / "again.extxyz", {"a": ordered()}).read_text())
    corrupt = tmp_path / "corrupt.extxyz"
    corrupt.write_text("2\nLattice=\nCu 0 0")
    found = score(tmp_path, path, [references, corrupt])
    outcomes = [row.outcome for row in found.scores["generated"].rows]
    assert outcomes == ["converged", "converged", "rejected_geometry"]
    assert "twice" in found.scores["generated"].rows[-1].reason
    assert len(found.rejected_references) == 1


def test_a_system_without_a_compound_is_filled_with_prototypes(tmp_path, references):
    path = save(tmp_path / "m.extxyz", {"a": ordered(4.1, "Ag")})
    empty = score(tmp_path, path, [references], whole_references=False)
    row = empty.scores["generated"].rows[0]
    assert row.hull == "lower bound: 2 stable phases without energy (Ag3Au, AgAu3)"
    assert row.decomposition_products == "3 Au + Ag"
    assert empty.summary["stable_100mev"] == 0.0  # nothing is stable on an incomplete hull
    assert empty.summary["hull"]["incomplete_systems"] == {"Ag-Au": row.hull}
    found = score(tmp_path, path, [references], prototype_phases=3)
    row = found.scores["generated"].rows[0]
    assert (row.reference_phases, row.hull_incomplete) == (3, False)
    assert found.summary["hull"]["phases_from_prototypes"] == 3
    # EMT mixes silver and gold: against its cesium chloride type the layered Cu3Au type is still stable
    assert row.decomposition_energy < 0
    assert found.summary["hull"]["phases_from_structures"] == 2  # the elements


ENTRY = {
    "energy": -7.0,
    "composition": {"Cu": 1, "Au": 1},
    "entry_id": "x",
    "parameters": {"run_type": "GGA"},
}


@pytest.mark.parametrize(
    ("name", "content", "settings", "words"),
    [
        ("hull.pkl.gz", "", {}, "pickles are refused"),
        ("hull.json", "not json", {}, "not readable as ComputedEntry JSON"),
        ("hull.json", "[" + json.dumps(ENTRY), {}, "ends in the middle"),
        ("hull.json", json.dumps([{**ENTRY, "parameters": {"run_type": "r2SCAN"}}]), {}, "r2SCAN"),
        ("hull.json", json.dumps([ENTRY]), {}, "different schemes make no hull"),
        ("absent.json", None, {}, "no such file"),
        ("empty.extxyz", "", {}, "empty"),
        (None, None, {"potential": "sevennet-9"}, "allowed: sevennet-0"),
        (None, None, {"potential": "dft"}, "dft: true"),
        (None, None, {"dft": True, "dft_python": sys.executable}, "has no GPAW"),
        (None, None, {"dft": True, "dft_python": "python-nowhere"}, "no program"),
        (None, None, {"controls": ["prototypes"]}, "need --reference"),
    ],
)
def test_what_cannot_be_used_is_one_sentence(tmp_path, name, content, settings, words):
    references = []
    if name:
        references = [tmp_path / name]
        if content is not None:
            references[0].write_text(content)
    path = save(tmp_path / "m.extxyz", {"a": ordered()})
    with pytest.raises(GroundstateError, match=words):
        score(
            tmp_path,
            path,
            references,
            **{"potential_scheme": None if "potential" in settings else "emt", **settings},
        )
