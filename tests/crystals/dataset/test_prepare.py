"""Preparing: nothing disappears, groups stay together, reasons are given."""

import csv
import functools
import operator
from pathlib import Path

import numpy as np
import pytest

from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.prepare import check, prepare, split_by_group
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.generate import write_extxyz
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split

ROWS = Path(__file__).parents[2] / "data/flla_rows.tar.gz"


def run(folder: Path, **settings: object) -> tuple[list[dict], list[dict]]:
    prepare([ROWS], "flla", PrepareCrystals(**settings), folder)
    with (folder / "rejected.csv").open() as handle:
        rejected = list(csv.DictReader(handle))
    return read_records(folder / "records.parquet", CRYSTAL_SCHEMA), rejected


def test_rows_in_are_rows_out_and_rejected(tmp_path: Path) -> None:
    rows, rejected = run(tmp_path, max_atoms=12, max_crystals=20)
    assert len(rows) == 20 and len(rows) + len(rejected) == 58
    assert {row["reason"].split(",")[0].split(":")[0].split()[-1] for row in rejected} <= {"atoms", "drawn"}
    assert len({row["id"] for row in rows} | {row["id"] for row in rejected}) == 58
    assert set(rows[0]["properties"]) == {"e_above_hull", "formation_energy_per_atom"}


def test_one_reduced_formula_never_sits_on_two_sides(tmp_path: Path) -> None:
    rows, _ = run(tmp_path, validation_fraction=0.3, test_fraction=0.3)
    parts = {
        part: read_split(tmp_path / "splits.csv", "random", part) for part in ("train", "validation", "test")
    }
    assert sorted(functools.reduce(operator.iadd, parts.values(), [])) == sorted(row["id"] for row in rows)
    side = {one: part for part, ids in parts.items() for one in ids}
    for formula in {row["formula"] for row in rows}:
        assert len({side[row["id"]] for row in rows if row["formula"] == formula}) == 1


def test_split_is_seeded_and_close_to_the_shares() -> None:
    groups = [f"g{index % 300}" for index in range(1000)]
    parts = split_by_group(groups, 0.2, 0.1, 0)
    assert parts == split_by_group(groups, 0.2, 0.1, 0) != split_by_group(groups, 0.2, 0.1, 1)
    assert abs(parts.count("validation") - 200) <= 4 and abs(parts.count("test") - 100) <= 4


def test_bad_records_are_rejected_with_their_reason(real: list) -> None:
    good, other = (crystal for crystal in real[:3] if len(crystal.atomic_numbers) <= 20)
    frac = good.frac_coords.copy()
    frac[0, 0] = np.nan
    numbers = good.atomic_numbers.copy()
    numbers[0] = 0
    flat = good.lattice.copy()
    flat[2] = flat[1]
    items = [
        good,
        good._replace(id="nan", frac_coords=frac),
        good._replace(id="element", atomic_numbers=numbers),
        good._replace(id="flat", lattice=flat),
        good._replace(id="listed"),
        good,
        other,
    ]
    kept, rejected = check(items, PrepareCrystals(), {"listed"})
    assert [crystal.id for crystal in kept] == [good.id, other.id]
    reasons = {item.id: item.reason for item in rejected}
    assert "not a finite number" in reasons["nan"]
    assert "unknown element" in reasons["element"]
    assert "volume" in reasons["flat"]
    assert "exclude_ids" in reasons["listed"]
    assert reasons[good.id] == "duplicate id"


def test_excluded_ids_come_from_a_file(tmp_path: Path, real: list) -> None:
    listed = tmp_path / "ids.csv"
    listed.write_text("id,formula\n" + "".join(f"{crystal.id},X\n" for crystal in real[:10]))
    rows, rejected = run(tmp_path, exclude_ids=str(listed), max_atoms=30)
    assert not {row["id"] for row in rows} & {crystal.id for crystal in real[:10]}
    assert sum("exclude_ids" in row["reason"] for row in rejected) == 10


def test_nothing_left_and_unknown_format_are_sentences(tmp_path: Path, real: list) -> None:
    write_extxyz(tmp_path / "a.extxyz", real[:4])
    limit = min(len(crystal.atomic_numbers) for crystal in real[:4])
    with pytest.raises(GroundstateError, match="none of 4 crystals") as caught:
        prepare([tmp_path / "a.extxyz"], "extxyz", PrepareCrystals(max_atoms=limit - 1), tmp_path / "out")
    assert all(f"; {crystal.id}: " in str(caught.value) for crystal in real[:4])
    assert not (tmp_path / "out").exists()
    salt = Crystal("salt", np.array([11, 17]), np.array([[0.0] * 3, [0.5] * 3]), 3.4 * np.eye(3))
    write_extxyz(tmp_path / "salt.extxyz", [salt])
    with pytest.raises(GroundstateError, match="none of 1 crystals can be used; salt: "):
        prepare(
            [tmp_path / "salt.extxyz"], "extxyz", PrepareCrystals(), tmp_path / "salt", ["test"], unseen=True
        )
    with pytest.raises(GroundstateError, match="allowed: flla, csv, extxyz, cif"):
        prepare([ROWS], "poscar", PrepareCrystals(), tmp_path / "out")


def test_a_published_split_stays_and_only_what_it_lacks_is_drawn(tmp_path: Path, real: list) -> None:
    small = [crystal for crystal in real if len(crystal.atomic_numbers) <= 20]
    write_extxyz(tmp_path / "train.extxyz", small[:30])
    write_extxyz(tmp_path / "test.extxyz", small[20:40])  # ten ids again: the first row of an id is kept
    files = [tmp_path / "train.extxyz", tmp_path / "test.extxyz"]
    prepare(files, "extxyz", PrepareCrystals(validation_fraction=0.2), tmp_path, ["train", "test"])
    train, validation, test = (
        read_split(tmp_path / "splits.csv", "random", part) for part in ("train", "validation", "test")
    )
    assert test == [crystal.id for crystal in small[30:40]]
    assert {*train, *validation} == {crystal.id for crystal in small[:30]}
    assert len(validation) == 6
    with pytest.raises(GroundstateError, match="--part"):
        prepare(files, "extxyz", PrepareCrystals(), tmp_path, ["train"])
