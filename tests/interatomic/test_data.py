"""extxyz as people have it: every frame is a configuration or a reason."""

from pathlib import Path

import numpy as np
import pytest

from groundstate.errors import GroundstateError
from groundstate.interatomic.data import (
    Configuration,
    atomic_energies,
    fitted_energies,
    load_configurations,
    read_configurations,
)
from groundstate.interatomic.prepare import prepare
from groundstate.interatomic.settings import PreparePotential
from groundstate.records import Rejection, read_split

GOOD = (
    '2\nProperties=species:S:1:pos:R:3:forces:R:3 energy=-1.5 pbc="F F F"\nH 0 0 0 0 0 1\nH 0 0 0.74 0 0 -1\n'
)
BAD = {
    "foreign_element": GOOD.replace("H 0 0 0 0", "Xx 0 0 0 0"),
    "nan_energy": GOOD.replace("-1.5", "nan"),
    "nan_force": GOOD.replace("0 0 -1\n", "0 0 nan\n"),
    "words": GOOD.replace("0.74", "o.74"),
    "short_row": GOOD.replace("H 0 0 0 0 0 1", "H 0 0 0 0 0"),
    "no_volume": GOOD.replace("F F F", "T T T"),
    "huge": "99999999\ncomment\n",
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_frame_is_named_and_loses_no_other(tmp_path: Path, name: str) -> None:
    path = tmp_path / "mine.xyz"
    path.write_text(GOOD + BAD[name] + ("" if name == "huge" else GOOD))
    read = list(read_configurations(path))
    assert [type(one) for one in read] == [Configuration, Rejection] + [Configuration] * (name != "huge")
    assert "mine" in read[1].reason


def test_what_is_no_extxyz_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "mine.xyz"
    path.write_text("not a number\n")
    with pytest.raises(GroundstateError, match="number of atoms"):
        list(read_configurations(path))


def test_other_names_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "mine.xyz"
    text = GOOD.replace("energy=-1.5", "REF_energy=-2.5 config_type=hot").replace("forces:R", "REF_forces:R")
    path.write_text(text)
    (one,) = load_configurations(path)
    assert (one.energy, one.group) == (-2.5, "hot")
    np.testing.assert_allclose(one.forces, [[0, 0, 1], [0, 0, -1]])


def test_energies_of_atoms_given_or_fitted(copper_gold: Path) -> None:
    isolated, structures = atomic_energies(load_configurations(copper_gold))
    assert sorted(isolated) == [29, 79]
    assert len(structures) == 40
    assert fitted_energies(structures, {29: isolated[29]})[29] == isolated[29]
    fitted = fitted_energies(structures, {})
    rest = np.array([one.energy - sum(fitted[int(z)] for z in one.atoms.numbers) for one in structures])
    counts = np.array([[np.sum(one.atoms.numbers == z) for z in (29, 79)] for one in structures])
    np.testing.assert_allclose(counts.T @ rest, 0, atol=1e-8)  # what least squares means


def test_prepare_accounts_for_every_frame(copper_gold: Path, tmp_path: Path) -> None:
    extra = tmp_path / "extra.xyz"
    extra.write_text(GOOD + BAD["nan_energy"] + GOOD.replace("energy=-1.5", ""))
    kept, rejected = prepare(
        [copper_gold, extra], PreparePotential(test_files=["extra.xyz"]), tmp_path / "out"
    )
    assert (kept, rejected) == (43, 2)
    splits = tmp_path / "out/splits.csv"
    assert read_split(splits, "random", "test") == ["extra-0"]
    parts = [read_split(splits, "random", part) for part in ("train", "validation")]
    assert [len(part) for part in parts] == [36, 4]
    assert len(load_configurations(tmp_path / "out/records.parquet")) == 43
    assert "no energy" in (tmp_path / "out/rejected.csv").read_text()
