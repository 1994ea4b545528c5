"""The chain and the rows of a discovery, with ASE's EMT as the potential: cheap, and known to be poor."""

import json
import multiprocessing
import os
import signal
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk

from groundstate.cli import main
from groundstate.crystals.crystal import Crystal, number_of
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.discovery.budget import Budget, Clock, parse_budget
from groundstate.discovery.proposals import RandomSearch, Templates, gather
from groundstate.discovery.wanted import cells_of, formulas_of
from groundstate.errors import GroundstateError
from groundstate.potentials.cache import Cache
from groundstate.potentials.result import Result

EMT = {
    "potential": "ase.calculators.emt:EMT",
    "potential_scheme": "emt",
    "workers": 0,
    "fmax": 0.1,
    "whole_references": True,
}
SETTINGS = {"max_atoms": 8, "templates": 5, "random": 1, "best": 3, "stability": EMT}
MP_ENTRY = '[{"composition": {"Cu": 1, "Au": 1}, "energy": -7.0, "parameters": {"run_type": "GGA"}}]'
COPPER, GOLD = number_of("Cu"), number_of("Au")
CESIUM_CHLORIDE = Crystal("B2", np.array([COPPER, GOLD]), np.array([[0.0] * 3, [0.5] * 3]), np.eye(3) * 3.05)


def write_elements(path: Path) -> Path:
    frames = []
    for symbol, a in (("Cu", 3.6), ("Au", 4.06)):
        atoms = bulk(symbol, a=a)
        atoms.info = {"id": symbol}
        frames.append(atoms)
    ase.io.write(path, frames, format="extxyz")
    return path


@pytest.fixture
def elements(tmp_path: Path) -> Path:
    return write_elements(tmp_path / "elements.extxyz")


def command(folder: Path, elements: Path, *more: str, settings: dict | None = None) -> list[str]:
    asked = ["--output-dir", str(folder), "--references", str(elements)]
    return ["discover", *asked, "--settings", json.dumps(settings or SETTINGS), *more]


def run(arguments: list[str]) -> None:
    try:
        main(arguments)
    except SystemExit as end:
        assert end.code in (0, None), end.code


def test_budgets_are_relaxations_or_minutes() -> None:
    assert parse_budget("20") == Budget(relaxations=20)
    assert parse_budget("30min") == Budget(minutes=30) and parse_budget("1.5 h") == Budget(minutes=90)
    for text in ("0", "0min", "-3", "1.5", "much", "5 days", ""):
        with pytest.raises(GroundstateError, match="--budget"):
            parse_budget(text)


def test_time_goes_on_where_an_earlier_run_stopped(tmp_path: Path) -> None:
    (tmp_path / "clock").write_text('{"cpu_seconds": 100}')
    clock = Clock(tmp_path / "clock", 0)
    assert 100 <= clock.seconds < 110
    clock.keep()
    assert Clock(tmp_path / "clock", 0).seconds >= 100
    (tmp_path / "clock").write_text("{")
    assert Clock(tmp_path / "clock", 0).seconds < 10


def test_cells_are_all_multiples_within_the_limit() -> None:
    wanted = cells_of({3: 4, 26: 4, 15: 4, 8: 16}, 32)
    assert wanted.formula == {3: 1, 26: 1, 15: 1, 8: 4}
    assert [sum(cell.values()) for cell in wanted.cells] == [7, 14, 21, 28]
    with pytest.raises(GroundstateError, match="one formula unit has 7 atoms; at most 6"):
        cells_of(wanted.formula, 6)


def test_neutral_formulas_of_a_system_come_first() -> None:
    def crystal(name: str, *symbols: str) -> Crystal:
        numbers = np.array([number_of(symbol) for symbol in symbols])
        places = np.linspace(0, 0.8, len(symbols))[:, None] * np.ones(3)
        return Crystal(name, numbers, places, np.eye(3) * 5)

    library = TemplateLibrary([crystal("a", "K", "Cl"), crystal("b", "Mg", "Mg", "Mg", "O")])
    elements = [number_of("Na"), number_of("Cl")]
    found = [wanted.formula for wanted in formulas_of(elements, True, library, 8, 5)]
    assert found[0] == {number_of("Na"): 1, number_of("Cl"): 1}
    assert {number_of("Na"): 3, number_of("Cl"): 1} in found[1:]  # charged
    assert len(formulas_of(elements, True, library, 8, 1)) == 1
    with_oxygen = [*elements, number_of("O")]
    assert formulas_of(with_oxygen, True, library, 8, 5) == []
    assert len(formulas_of(with_oxygen, False, library, 8, 50)) > len(found)


def test_proposals_have_ids_of_their_own_and_do_not_change() -> None:
    sources = [Templates(TemplateLibrary([CESIUM_CHLORIDE]), 5), RandomSearch(2, 7)]
    wanted = [cells_of({COPPER: 1, GOLD: 1}, 4)]
    first, again = gather(wanted, sources), gather(wanted, sources)
    assert [one.crystal.id for one in first] == ["CuAu-001", "CuAu-002", "CuAu-003"]
    assert [one.source for one in first] == ["template", "random", "random"]
    assert [len(one.crystal.atomic_numbers) for one in first] == [2, 2, 4]
    for one, other in zip(first, again, strict=True):
        assert np.array_equal(one.crystal.frac_coords, other.crystal.frac_coords)
    with pytest.raises(GroundstateError, match="no source has a proposal"):
        gather(wanted, [Templates(TemplateLibrary([]), 5)])


UNREADABLE = '1\nLattice="3 0 0 0 3 0 0 0 3" id={}\nCu 0 nan 0\n'


def own_structures(path: Path) -> Path:
    """A good crystal, the same one moved, one whose atoms overlap, one of another formula, one unreadable."""
    good = Atoms("CuAu", cell=np.eye(3) * 3.05, scaled_positions=[[0] * 3, [0.5] * 3], pbc=True)
    moved, overlap = good.copy(), good.copy()
    moved.positions += 0.4
    overlap.positions[1] = [0.1, 0, 0]
    other = Atoms("Cu3Au", cell=np.eye(3) * 3.7, pbc=True)
    other.set_scaled_positions([[0, 0.5, 0.5], [0.5, 0, 0.5], [0.5, 0.5, 0], [0, 0, 0]])
    frames = {"good": good, "moved": moved, "overlap": overlap, "other": other}
    for name, atoms in frames.items():
        atoms.info = {"id": name}
    ase.io.write(path, list(frames.values()), format="extxyz")
    path.write_text(path.read_text() + UNREADABLE.format("unreadable"))
    return path


def test_every_proposal_ends_in_the_table_or_among_the_rejected(tmp_path: Path, elements: Path) -> None:
    own = own_structures(tmp_path / "own.extxyz")
    folder = tmp_path / "out"
    elements.write_text(elements.read_text() + UNREADABLE.format("bad-phase"))
    run(command(folder, elements, "--formula", "CuAu", "--structures", str(own), "--budget", "4"))
    table, rejected = pd.read_csv(folder / "crystals.csv"), pd.read_csv(folder / "rejected.csv")
    proposed = sum(json.loads((folder / "summary.json").read_text())["proposed"].values())
    reasons = dict(zip(rejected["id"], rejected["stage"] + ": " + rejected["reason"], strict=True))
    assert reasons.pop("other") == "choice: its formula Cu3Au is not tried"
    assert reasons.pop("unreadable").startswith("read: unreadable: a coordinate of atom 1 is nan")
    assert reasons.pop("elements.extxyz:bad-phase").startswith(
        "read reference: unreadable: a coordinate of atom 1 is nan"
    )
    assert len(table) + len(reasons) == proposed and not set(table["id"]) & set(rejected["id"])
    assert reasons["CuAu-002"].startswith("duplicate as proposed: equivalent to CuAu-001")
    assert reasons["CuAu-003"].startswith("guard: a Au-Cu distance of 0.10 A")
    assert list(table["rank"]) == list(range(1, len(table) + 1))
    converged = table[(table["outcome"] == "converged") & table["unique"]]
    assert converged["energy_above_hull"].is_monotonic_increasing
    for kind in ("conventional", "primitive", "raw"):
        assert len(list((folder / "cifs" / kind).glob("*.cif"))) == len(table)
    page = (folder / "discovery.html").read_text()
    assert "CuAu" in page and "https://" not in page


REPEATED = ["--formula", "CuAu", "--budget", "3", "--seed", "5"]
SEVERAL = {**SETTINGS, "random": 3, "templates": 2}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A discovery in one go, and its reference phases."""
    folder = tmp_path_factory.mktemp("whole")
    elements = write_elements(folder / "elements.extxyz")
    run(command(folder / "out", elements, *REPEATED, settings=SEVERAL))
    return folder / "out", elements


def run_and_die(arguments: list[str]) -> None:
    """Run a command in a process that is killed once two calculations are done."""
    put, done = Cache.put, []

    def counted(cache: Cache, key: str, result: Result) -> None:
        put(cache, key, result)
        done.append(key)
        if len(done) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    Cache.put = counted
    run(arguments)


def test_the_same_seed_gives_the_same_bytes_and_a_killed_discovery_goes_on(
    tmp_path: Path, whole: tuple[Path, Path]
) -> None:
    out, elements = whole
    killed = command(tmp_path / "killed", elements, *REPEATED, settings=SEVERAL)
    # not forked: a child of a process that has computed with several threads hangs
    process = multiprocessing.get_context("spawn").Process(target=run_and_die, args=(killed,))
    process.start()
    process.join(200)
    assert process.exitcode == -signal.SIGKILL and not (tmp_path / "killed/crystals.csv").exists()
    assert len(list((tmp_path / "killed/cache").rglob("*.json"))) == 2
    run(killed)
    for name in ("crystals.csv", "rejected.csv", "relaxed.extxyz", "candidates.extxyz", "summary.json"):
        assert (out / name).read_bytes() == (tmp_path / "killed" / name).read_bytes(), name


def test_parts_fill_the_cache_that_the_whole_reads(tmp_path: Path, whole: tuple[Path, Path]) -> None:
    out, elements = whole
    for part in ("1/2", "2/2"):
        run(command(tmp_path / "out", elements, *REPEATED, "--shard", part, settings=SEVERAL))
    assert (tmp_path / "out/shards/2.json").exists() and list((tmp_path / "out/cache").rglob("*.json"))
    run(command(tmp_path / "out", elements, *REPEATED, settings=SEVERAL))
    for name in ("crystals.csv", "rejected.csv"):
        assert (tmp_path / "out" / name).read_bytes() == (out / name).read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "give either --formula, such as LiFePO4, or --elements"),
        (["--formula", "CuAu", "--elements", "Cu-Au"], "give either --formula"),
        (["--formula", "CuAu", "--budget", "0"], "--budget: '0' leaves nothing to relax"),
        (["--formula", "Xy2"], "--formula: 'Xy2' is not a formula"),
        (["--formula", "Cu50Au49"], "one formula unit has 99 atoms; at most 8"),
        (["--elements", "Cu-Qq"], "--elements: no such element: Qq"),
        (["--formula", "CuAu", "--checkpoint", "nothing.ckpt"], "nothing.ckpt"),
    ],
)
def test_bad_requests_are_one_sentence(
    tmp_path: Path, elements: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    with pytest.raises(SystemExit) as end:
        main(command(tmp_path / "out", elements, *arguments))
    assert end.value.code == 2 and sentence in capsys.readouterr().err


@pytest.mark.parametrize("more", [[], ["--shard", "1/2"]])
@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("notes.txt", "mine", "notes.txt: unknown kind of crystal file"),
        ("absent.cif", None, "absent.cif: no such file"),
        ("empty.extxyz", "", "empty.extxyz: the file is empty"),
        ("hull.json", "[]", "hull.json: no entry is readable"),
        ("mp.json", MP_ENTRY, "energies of different schemes make no hull"),
    ],
)
def test_bad_references_are_found_before_anything_is_relaxed(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    content: str | None,
    sentence: str,
    more: list[str],
) -> None:
    if content is not None:
        (tmp_path / name).write_text(content)
    with pytest.raises(SystemExit) as end:
        main(command(tmp_path / "out", tmp_path / name, "--formula", "CuAu", *more))
    assert end.value.code == 2 and sentence in capsys.readouterr().err
    assert not list((tmp_path / "out").rglob("*.json"))


def test_elements_without_reference_energy_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["discover", "--formula", "PoO2", "--output-dir", str(tmp_path / "out")])
    assert "Po: not among the elements of sevennet-0" in capsys.readouterr().err


def test_a_folder_of_somebody_else_is_not_written_into(
    tmp_path: Path, elements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/crystals.csv").write_text("mine")
    with pytest.raises(SystemExit):
        main(command(tmp_path / "out", elements, "--formula", "CuAu"))
    assert "groundstate did not write it" in capsys.readouterr().err
    assert (tmp_path / "out/crystals.csv").read_text() == "mine"


def test_the_structures_given_are_not_written_over(
    tmp_path: Path, elements: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "out").mkdir()
    given = tmp_path / "out/candidates.extxyz"
    given.write_text("mine")
    with pytest.raises(SystemExit):
        main(command(tmp_path / "out", elements, "--formula", "CuAu", "--structures", str(given)))
    assert "candidates.extxyz: is an input of this command" in capsys.readouterr().err
    assert given.read_text() == "mine"
