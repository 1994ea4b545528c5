"""``score crystals`` on anybody's files: what it counts, what it rejects, what it finds again."""

import json
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.build import bulk
from ase.calculators.lj import LennardJones
from ase.io import read, write
from scipy.stats import wasserstein_distance

from groundstate.cli import main
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.models.generate import write_extxyz
from groundstate.potentials.corrections import mp_element_energies

ROWS = Path(__file__).parents[1] / "data/flla_rows.tar.gz"
SETTINGS = '{"baseline_crystals": 3}'


@pytest.fixture
def sets(tmp_path: Path) -> dict[str, Path]:
    """Three real crystals to compare with and four of training, as extxyz."""
    small = [c for c in read_flla(ROWS) if isinstance(c, Crystal) and len(c.atomic_numbers) <= 4][:7]
    paths = {"reference": tmp_path / "reference.extxyz", "train": tmp_path / "train.extxyz"}
    write_extxyz(paths["reference"], small[:3])
    write_extxyz(paths["train"], small[3:])
    return paths


def score(folder: Path, structures: Path, sets: dict[str, Path], *more: str) -> dict:
    files = ["--reference", str(sets["reference"]), "--train", str(sets["train"])]
    arguments = ["--structures", str(structures), *files, "--settings", SETTINGS, "--output", str(folder)]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            main(["score", "crystals", *arguments, *more])
        except SystemExit as stop:
            assert not stop.code
    return json.loads((folder / "summary.json").read_text())


def test_a_copy_of_the_reference_covers_it_and_bad_records_cost_nothing_else(
    sets: dict[str, Path], tmp_path: Path
) -> None:
    mine = read(sets["reference"], ":")
    again = mine[0].copy()  # a known crystal twice: not unique
    again.info["id"] = "again"
    crushed = bulk("Cu")
    crushed.set_cell(crushed.cell * 0.1, scale_atoms=True)
    crushed.info["id"] = "crushed"
    collided = mine[0].copy()
    collided.positions[:] = collided.positions[0]
    collided.info["id"] = "collided"
    write(tmp_path / "mine.extxyz", [*mine, again, crushed, collided], format="extxyz")
    summary = score(tmp_path / "out", tmp_path / "mine.extxyz", sets)
    assert (summary["n"], summary["failed"], summary["reference"]) == (6, 1, 3)
    assert pd.read_csv(tmp_path / "out/rejected.csv")["id"].tolist() == ["crushed"]
    rows = pd.read_csv(tmp_path / "out/crystals.csv").set_index("id")
    assert rows.loc["again", ["unique", "novel", "covered"]].tolist() == [False, True, True]
    assert not rows.loc["collided", "structure_valid"] and pd.isna(rows.loc["collided", "unique"])
    assert summary["structure_validity"] == pytest.approx(4 / 6)
    assert summary["cov_recall"] == 1.0
    assert summary["amsd_recall"] == pytest.approx(0.0, abs=1e-9)
    covered = 4 + bool(rows.loc["collided", "covered"])
    assert summary["cov_precision"] == pytest.approx(covered / 6)
    assert summary["unique"] == pytest.approx(3 / 4)
    assert summary["novel"] == 1.0
    baselines = summary["baselines"]
    assert set(baselines) == {"halves", "replay", "random_composition"}
    assert baselines["replay"]["novel"] == 0.0
    assert set(summary["intervals"]) <= set(summary)
    known = set(summary["definitions"]) | {
        "n",
        "failed",
        "reference",
        "intervals",
        "definitions",
        "baselines",
    }
    assert set(summary) <= known
    # a second run computes no fingerprint again and gives the same files
    packs = {path: path.stat().st_mtime_ns for path in (tmp_path / "out/.fingerprints").iterdir()}
    first = (tmp_path / "out/summary.json").read_bytes()
    score(tmp_path / "out", tmp_path / "mine.extxyz", sets)
    assert {path: path.stat().st_mtime_ns for path in (tmp_path / "out/.fingerprints").iterdir()} == packs
    assert (tmp_path / "out/summary.json").read_bytes() == first


def test_energies_of_any_potential_are_compared_with_the_reference_s(
    sets: dict[str, Path], tmp_path: Path
) -> None:
    settings = '{"baseline_crystals": 0, "energy_potential": "ase.calculators.lj:LennardJones"}'
    summary = score(tmp_path / "out", sets["train"], sets, "--settings", settings)
    energies = {}
    for name in ("train", "reference"):
        energies[name] = []
        for atoms in read(sets[name], ":"):
            atoms.calc = LennardJones()
            elements = sum(mp_element_energies()[symbol] for symbol in atoms.get_chemical_symbols())
            energies[name].append((atoms.get_potential_energy() - elements) / len(atoms))
    rows = pd.read_csv(tmp_path / "out/crystals.csv")
    np.testing.assert_allclose(rows["energy"], energies["train"], rtol=1e-6)
    valid = rows["energy"][rows["valid"]]
    assert summary["energy_emd"] == pytest.approx(wasserstein_distance(valid, energies["reference"]))
    assert "LennardJones" in summary["definitions"]["energy_emd"]["text"]
    assert "energy_emd" not in score(tmp_path / "without", sets["train"], sets)


def test_nothing_readable_is_a_result_and_splits_of_other_crystals_an_error(
    sets: dict[str, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    crushed = bulk("Cu")
    crushed.set_cell(crushed.cell * 0.1, scale_atoms=True)
    write(tmp_path / "bad.extxyz", [crushed], format="extxyz")
    summary = score(tmp_path / "out", tmp_path / "bad.extxyz", sets)
    assert (summary["n"], summary["failed"], summary["valid"], summary["cov_recall"]) == (1, 1, 0.0, 0.0)
    (tmp_path / "splits.csv").write_text("id,random\nnobody,test\n")
    splits = ["--splits", str(tmp_path / "splits.csv"), "--output", str(tmp_path / "none")]
    files = ["--structures", str(sets["train"]), "--reference", str(sets["reference"])]
    with pytest.raises(SystemExit) as stop:
        main(["score", "crystals", *files, *splits])
    assert stop.value.code == 2
    assert "use the splits of these crystals" in capsys.readouterr().err
