"""Score commands on files and options as people have them: scored, warned about, or refused in a sentence."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.io import write
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.cli import main
from groundstate.molecules.mols import set_positions
from groundstate.molecules.sdf import write_sdf

SMILES = ("CCO", "C[C@H](O)F", "CC(=O)N", "c1ccccc1", "CCCC", "C#CC")
ROOT = Path(__file__).parents[2]
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a score command in a folder with its files; gives status, output and errors."""
    monkeypatch.chdir(tmp_path)
    entries = []
    for index, smiles in enumerate(SMILES):
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        rdDistGeom.EmbedMolecule(mol, randomSeed=index + 1)
        entries.append((f"m{index}", mol, {}))
    write_sdf("reference.sdf", entries)
    rng = np.random.default_rng(0)
    for name, size in (("predicted", 0.05), ("other", 0.02)):
        rows = []
        for key, mol, _ in entries:
            positions = mol.GetConformer().GetPositions()
            rows.append((key, set_positions(mol, positions + rng.normal(0, size, positions.shape)), {}))
        write_sdf(f"{name}.sdf", rows)

    def call(command: str, *arguments: str) -> tuple[int, str, str]:
        try:
            main(["score", command, *arguments])
            status = 0
        except SystemExit as stop:
            status = int(stop.code or 0)
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return status, printed.out, printed.err

    return call


def geometry(run: Run, *arguments: str, predicted: str = "predicted.sdf") -> tuple[int, str, str]:
    files = ["--predicted", predicted, "--reference", "reference.sdf", "--output", "deep/er/out"]
    return run("geometry", *files, *arguments)


def scores(folder: str = "deep/er/out") -> dict:
    return json.loads(Path(folder, "summary.json").read_text())


def rejected(folder: str = "deep/er/out") -> dict[str, str]:
    with Path(folder, "rejected.csv").open(encoding="utf-8") as handle:
        return {row["id"]: row["reason"] for row in csv.DictReader(handle)}


# -- names of baselines ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("baselines", "words"),
    [
        (["x/../../../y=other.sdf"], "part of a file name"),
        (["../y=other.sdf"], "part of a file name"),
        (["/tmp/y=other.sdf"], "part of a file name"),
        ([".=other.sdf"], "part of a file name"),
        (["nul=other.sdf"], "part of a file name"),
        (["a\nb=other.sdf"], "part of a file name"),
        (["a" * 300 + "=other.sdf"], "part of a file name"),
        (["dft=other.sdf"], "a row of the table has this name"),
        (["DFT=other.sdf"], "a row of the table has this name"),
        (["mine=other.sdf", "mine=other.sdf"], "is given twice"),
        (["mine=other.sdf", "Mine=predicted.sdf"], "is given twice"),
        (["=other.sdf"], "expected NAME=FILE"),
        (["mine="], "expected NAME=FILE"),
        (["mine"], "expected NAME=FILE"),
        (["mine=absent.sdf"], "absent.sdf: no such file"),
    ],
)
def test_baselines_that_would_be_lost_or_written_elsewhere(
    run: Run, tmp_path: Path, baselines: list[str], words: str
) -> None:
    before = {path for path in tmp_path.rglob("*") if path.is_file()}
    status, _, error = geometry(run, *(part for text in baselines for part in ("--baseline", text)))
    assert status == 2 and words in error and error.splitlines()[-1].startswith("error: ")
    assert {path for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_name_with_an_equals_sign_in_its_path(run: Run) -> None:
    Path("other.sdf").rename("k=3.sdf")
    status, out, _ = geometry(run, "--baseline", "k-3=k=3.sdf")
    assert status == 0 and "k-3" in out and Path("deep/er/out/molecules_k-3.csv").exists()


# -- bad rows --------------------------------------------------------------------------------------------


def spoil(path: str, id_: str) -> None:
    """Take the atom count out of one record."""
    records = Path(path).read_text().split("$$$$\n")
    broken = [
        re.sub(r"\n +\d+ +\d+ .*V2000", "\n oops V2000", r) if r.startswith(id_) else r for r in records
    ]
    assert broken != records
    Path(path).write_text("$$$$\n".join(broken))


@pytest.mark.parametrize("ids", [["m0"], ["m5"], ["m1", "m3"]])
def test_a_bad_reference_is_rejected_with_its_prediction_and_the_others_are_scored(
    run: Run, ids: list[str]
) -> None:
    for name in ids:
        spoil("reference.sdf", name)
    status, out, error = geometry(run, "--baseline", "other=other.sdf")
    assert status == 0, error
    summary = scores()
    assert summary["n"] == summary["baselines"]["other"]["n"] == 6 - len(ids)
    assert set(rejected()) == set(ids)
    assert f"{6 - len(ids)} molecules scored" in out and "deep/er/out" in out


@pytest.mark.parametrize("ids", [["m0"], ["m5"], ["m1", "m3"]])
def test_a_bad_prediction_costs_no_other_and_comparisons_are_on_the_same_molecules(
    run: Run, ids: list[str]
) -> None:
    for name in ids:
        spoil("predicted.sdf", name)
    status, out, error = geometry(run, "--baseline", "other=other.sdf", "--baseline", "again=predicted.sdf")
    assert status == 0, error
    summary, rest = scores(), 6 - len(ids)
    assert (summary["n"], summary["missing"], summary["baselines"]["other"]["n"]) == (rest, len(ids), 6)
    assert {row["n"] for row in summary["common"].values()} == {rest}
    compared = summary["comparisons"]["other"]
    assert compared["n"] == rest
    assert compared["metrics"]["mae"]["theirs"] == pytest.approx(summary["common"]["other"]["mae"])
    assert compared["metrics"]["mae"]["verdict"] == "worse"
    same = summary["comparisons"]["again"]["metrics"]
    assert all(entry["difference"] == 0 for entry in same.values())
    assert {entry["verdict"] for entry in same.values()} == {"no difference"}
    assert f"All columns over the {rest} molecules that every one of them has." in out


def test_nothing_readable_is_a_sentence(run: Run) -> None:
    for name in ("m0", "m1", "m2", "m3", "m4", "m5"):
        spoil("reference.sdf", name)
    status, _, error = geometry(run)
    assert status == 2 and "reference.sdf: no record can be read" in error


def test_one_broken_geometry_does_not_decide_the_median(run: Run) -> None:
    with Chem.SDMolSupplier("predicted.sdf", removeHs=False) as supplier:
        mols = list(supplier)
    positions = mols[3].GetConformer().GetPositions()
    mols[3] = set_positions(mols[3], 0.45 * positions)
    write_sdf("predicted.sdf", [(f"m{index}", mol, {}) for index, mol in enumerate(mols)])
    assert geometry(run)[0] == 0
    summary = scores()
    assert summary["mmff_strain"] > 1000 > 100 > summary["median_mmff_strain"] > 0
    about = summary["definitions"]["median_mmff_strain"]
    assert about["unit"] == "kcal/mol" and "median" in about["text"] and about["direction"] is None
    assert summary["definitions"]["mmff_strain"]["direction"] is None


# -- metrics of one's own --------------------------------------------------------------------------------

PLUGIN = """
from groundstate.metrics.definition import CrystalMetric, Definition, GeometryMetric
ABOUT = Definition("number of atoms, mean", "me", label="Size")
SIZE = GeometryMetric("size", ABOUT, lambda mol, predicted, reference: len(predicted))
NOTHING = GeometryMetric("nothing", ABOUT, lambda mol, predicted, reference: None)
TAKEN = GeometryMetric("mae", ABOUT, lambda mol, predicted, reference: 1)
FAULTY = GeometryMetric("faulty", ABOUT, lambda mol, predicted, reference: 1 / 0)
SITES = CrystalMetric("sites", ABOUT, len)
"""


def test_metrics_of_ones_own_stand_beside_the_others(run: Run) -> None:
    Path("mine_all.py").write_text(PLUGIN)
    status, out, error = geometry(run, "--metric", "mine_all:SIZE", "--metric", "mine_all:NOTHING")
    assert status == 0, error
    sizes = [Chem.AddHs(Chem.MolFromSmiles(smiles)).GetNumAtoms() for smiles in SMILES]
    assert scores()["size"] == pytest.approx(np.mean(sizes)) and scores()["nothing"] is None
    assert re.search(r"^Size +10\.\d", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("metrics", "words"),
    [
        (["mine_bad:ABSENT"], "has no 'ABSENT'"),
        (["mine_bad:SITES"], "GeometryMetric"),
        (["mine_bad:GeometryMetric"], "is a class"),
        (["mine_bad:TAKEN"], "metric mae: a built-in number has this name"),
        (["mine_bad:SIZE", "mine_bad:SIZE"], "metric size: two metrics have this name"),
        (["mine_bad:FAULTY"], "metric faulty: m0: ZeroDivisionError"),
        (["no_such_module:X"], "no module 'no_such_module'"),
        (["gyration"], "unknown geometry metric 'gyration'"),
    ],
)
def test_faults_of_metrics_are_sentences(run: Run, metrics: list[str], words: str) -> None:
    Path("mine_bad.py").write_text(PLUGIN)
    status, _, error = geometry(run, *(part for text in metrics for part in ("--metric", text)))
    assert status == 2 and words in error


# -- crystals --------------------------------------------------------------------------------------------


def crystal(symbols: str, cell: float, *sites: tuple[float, float, float], name: str) -> Atoms:
    atoms = Atoms(symbols, scaled_positions=sites, cell=np.eye(3) * cell, pbc=True)
    atoms.info["id"] = name
    return atoms


def test_valid_by_the_literature_and_yet_no_crystal_gets_a_warning(run: Run) -> None:
    close = 0.69 / 4.0
    frames = [
        crystal("NaCl", 4.0, (0, 0, 0), (close, 0, 0), name="near"),
        crystal("Ti2", 3.5, (0, 0, 0), (0.6 / 3.5, 0, 0), name="dimer"),
        crystal("Cu", 1.0, (0, 0, 0), name="own image"),
        crystal("CsCl", 4.12, (0, 0, 0), (0.5, 0.5, 0.5), name="good"),
        crystal("NaCl", 4.0, (0, 0, 0), (0.05, 0, 0), name="invalid"),
    ]
    write("mine.extxyz", frames, format="extxyz")
    status, out, error = run("validity", "--structures", "mine.extxyz", "--output", "out")
    assert status == 0
    summary = scores("out")
    assert summary["structure_validity"] == 0.8 and summary["suspicious"] == 3
    with Path("out/crystals.csv").open() as handle:
        warnings = {row["id"]: row["warning"] for row in csv.DictReader(handle)}
    assert warnings["near"] == "a Cl-Na distance of 0.69 A (at least 1.34)"
    assert warnings["dimer"] and warnings["own image"] and not warnings["good"] and not warnings["invalid"]
    assert "warning: 3 crystals are valid by the literature's definition" in error
    assert "Of these, could not be a crystal" in out and "out: 5 crystals, 0 not readable" in out


def test_own_metrics_of_crystals_and_no_baselines_unless_asked(run: Run) -> None:
    Path("mine_sites.py").write_text(PLUGIN)
    frames = [
        crystal("CsCl", 4.0 + 0.1 * index, (0, 0, 0), (0.5, 0.5, 0.5), name=f"c{index}") for index in range(3)
    ]
    write("mine.extxyz", frames, format="extxyz")
    metric = ["--metric", "mine_sites:SITES", "--output"]
    assert run("validity", "--structures", "mine.extxyz", *metric, "out")[0] == 0
    assert scores("out")["sites"] == 2 and scores("out")["definitions"]["sites"]["source"] == "me"
    files = ["--structures", "mine.extxyz", "--reference", "mine.extxyz", "--train", "mine.extxyz"]
    assert run("crystals", *files, *metric, "plain")[0] == 0
    assert scores("plain")["sites"] == 2 and scores("plain")["baselines"] == {}
    assert run("crystals", *files, *metric, "asked", "--baselines", "2")[0] == 0
    baselines = scores("asked")["baselines"]
    assert set(baselines) == {"halves", "replay", "random_composition"}
    assert baselines["replay"]["n"] == 2 and baselines["replay"]["sites"] == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seed", "-1"], "--seed"),
        (["--seed", "nan"], "--seed"),
        (["--workers", "0"], "--workers"),
        (["--workers", "100000"], "--workers"),
        (["--baselines", "-1"], "--baselines"),
        (["--oxidation-list", "mine"], "allowed: smact14, "),
        (["--cutoffs", "none"], "cutoffs"),
        (["--settings", '{"energy_potential": "nonsense"}'], "'nonsense' is no potential; allowed: "),
    ],
)
def test_options_out_of_bounds_are_sentences(run: Run, options: list[str], words: str) -> None:
    write("mine.extxyz", [crystal("Cu", 2.5, (0, 0, 0), name="c")], format="extxyz")
    files = ["--structures", "mine.extxyz", "--reference", "mine.extxyz", "--output", "out"]
    status, _, error = run("crystals", *files, *options)
    assert status == 2 and words in error


def test_ids_and_tables_survive_a_plain_locale(run: Run, tmp_path: Path) -> None:
    mol = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    names = ["éthanol", "エタノール", '$5 = five, "quoted"']
    write_sdf("odd.sdf", [(name, mol, {}) for name in names])
    files = ["--predicted", "odd.sdf", "--reference", "odd.sdf", "--output", "out"]
    environment = os.environ | {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", "from groundstate.cli import main; main()", "score", "geometry", *files],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr
    with Path("out/molecules.csv").open(encoding="utf-8") as handle:
        assert [row["id"] for row in csv.DictReader(handle)] == names


@pytest.mark.parametrize("fault", ["twice", "no lattice", "open"])
def test_bad_crystals_of_any_file_are_listed_and_the_others_scored(run: Run, fault: str) -> None:
    good = [
        crystal("CsCl", 4.0 + 0.1 * index, (0, 0, 0), (0.5, 0.5, 0.5), name=f"c{index}") for index in range(3)
    ]
    bad = crystal("NaCl", 4.0, (0, 0, 0), (0.5, 0.5, 0.5), name="c0" if fault == "twice" else "bad")
    if fault == "no lattice":
        bad.set_cell(None)
        bad.pbc = False
    if fault == "open":
        bad.pbc = (True, True, False)
    for name in ("mine", "test", "train"):
        write(f"{name}.extxyz", [*good, bad], format="extxyz")
    files = ["--structures", "mine.extxyz", "--output"]
    assert run("validity", *files, "validity")[0] == 0
    assert (scores("validity")["n"], scores("validity")["failed"]) == (4, 1)
    assert set(rejected("validity")) == {bad.info["id"]}
    more = ["--reference", "test.extxyz", "--train", "train.extxyz"]
    assert run("crystals", *files, "crystals", *more)[0] == 0
    summary = scores("crystals")
    assert (summary["n"], summary["failed"], summary["reference"]) == (4, 1, 3)
    with Path("crystals/rejected.csv").open() as handle:
        assert [row["stage"] for row in csv.DictReader(handle)] == ["read", "read reference", "read train"]
    prediction = ["--predicted", "mine.extxyz", *more, "--output", "prediction"]
    assert run("prediction", *prediction)[0] == 0
    assert (scores("prediction")["n"], scores("prediction")["match_rate"]) == (3, 1.0)
    with Path("prediction/rejected.csv").open() as handle:
        assert [row["stage"] for row in csv.DictReader(handle)] == ["read", "read train", "read reference"]
