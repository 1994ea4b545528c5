"""extxyz as people have it: every frame is a configuration or a reason."""

import tarfile
from pathlib import Path

import numpy as np
import pytest

from groundstate.errors import GroundstateError
from groundstate.interatomic.data import (
    Configuration,
    atomic_energies,
    fitted_energies,
    load_configurations,
    no_energy,
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
        load_configurations(path)
    with pytest.raises(
        GroundstateError, match=r"no structure to train on; the first of 1 rejected: .*line 1"
    ):
        prepare([path], PreparePotential(), tmp_path / "out")
    path.write_text("")
    with pytest.raises(GroundstateError, match="the file is empty"):
        load_configurations(path)


def test_other_names_of_labels(tmp_path: Path) -> None:
    path = tmp_path / "mine.xyz"
    text = GOOD.replace("energy=-1.5", "REF_energy=-2.5 config_type=hot").replace("forces:R", "REF_forces:R")
    path.write_text(text)
    (one,) = load_configurations(path)
    assert (one.energy, one.group) == (-2.5, "hot")
    np.testing.assert_allclose(one.forces, [[0, 0, 1], [0, 0, -1]])


def test_a_frame_without_an_energy_says_what_it_has(tmp_path: Path) -> None:
    path = tmp_path / "other.xyz"
    path.write_text(GOOD.replace("energy=-1.5", "dft_energy=-1.5"))
    (one,) = load_configurations(path)
    assert no_energy(one).endswith(
        "free_energy; its frame has dft_energy: rename the energy to energy, the forces to forces"
    )


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
    kept, rejected = prepare([copper_gold, extra], PreparePotential(), tmp_path / "out", ["train", "test"])
    assert (kept, rejected) == (43, 2)
    splits = tmp_path / "out/splits.csv"
    assert read_split(splits, "random", "test") == ["extra-0"]
    parts = [read_split(splits, "random", part) for part in ("train", "validation")]
    assert [len(part) for part in parts] == [36, 4]
    assert len(load_configurations(tmp_path / "out/records.parquet")) == 43
    assert "no energy" in (tmp_path / "out/rejected.csv").read_text()
    groups = {one.id: one.group for one in load_configurations(tmp_path / "out/records.parquet")}
    assert (groups["extra-0"], groups["cell-0"], groups["atom-Cu"]) == ("extra", "even", "cuau")
    with pytest.raises(GroundstateError, match="--part: one of train, validation, test for each --input"):
        prepare([copper_gold], PreparePotential(), tmp_path / "out", ["scan"])


def test_numbers_of_structures_are_limits_and_what_is_left_out_is_said(
    copper_gold: Path, tmp_path: Path
) -> None:
    whole, part = tmp_path / "whole", tmp_path / "part"
    prepare([copper_gold], PreparePotential(), whole)
    kept, rejected = prepare([copper_gold], PreparePotential(max_train=20, max_test=3), part)
    sizes = [len(read_split(part / "splits.csv", "random", name)) for name in ("train", "validation", "test")]
    assert (sizes, kept, rejected) == ([18, 2, 3], 25, 17)
    assert (part / "rejected.csv").read_text().count("left out: max_train is 20") == 16
    tests = [set(read_split(folder / "splits.csv", "random", "test")) for folder in (part, whole)]
    assert tests[0] < tests[1]


@pytest.mark.parametrize("packed", [False, True])
def test_rmd17_is_read_in_ev(tmp_path: Path, packed: bool) -> None:
    path, rng = tmp_path / "rmd17_water.npz", np.random.default_rng(0)
    positions, forces = rng.normal(size=(2, 5, 3, 3))
    arrays = {"nuclear_charges": np.array([8, 1, 1]), "coords": positions, "forces": forces}
    np.savez(path, energies=np.full(5, -47000.0), old_indices=np.arange(5), **arrays)
    if packed:
        archive = tmp_path / "rmd17_water.tar.bz2"
        with tarfile.open(archive, "w:bz2") as handle:
            handle.add(path, "rmd17/npz_data/rmd17_water.npz")
        path = archive
    rows = load_configurations(path)
    assert [one.id for one in rows] == [f"rmd17_water-{number}" for number in range(5)]
    assert rows[3].energy == pytest.approx(-47000 * 0.0433641, rel=1e-6)  # NIST: 1 kcal/mol = 0.0433641 eV
    np.testing.assert_allclose(rows[3].forces, forces[3] * 0.0433641, rtol=1e-6)
    np.testing.assert_array_equal(rows[3].atoms.positions, positions[3])
    path.rename(other := tmp_path / path.name.replace("water", "ethanol"))
    if packed:
        with pytest.raises(GroundstateError, match=r"holds no rmd17_ethanol\.npz"):
            load_configurations(other)
    else:
        other.write_bytes(b"nothing")
        with pytest.raises(GroundstateError, match="no trajectory of rMD17"):
            load_configurations(other)
