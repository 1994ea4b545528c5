"""Readers: every format, and one bad record never costs another."""

import gzip
import zipfile
from pathlib import Path

import ase.io
import numpy as np
import pytest

from groundstate.crystals.cif.write import to_cif
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.cif_files import read_cif
from groundstate.crystals.dataset.readers.extxyz import read_extxyz
from groundstate.crystals.dataset.readers.flla import read_flla
from groundstate.crystals.dataset.readers.table import read_csv
from groundstate.crystals.models.generate import write_cifs, write_extxyz
from groundstate.errors import GroundstateError
from groundstate.records import Rejection


def csv_of(crystals: list, column: str = "material_id") -> str:
    rows = [f'{c.id},"{to_cif(c)}",{index + 0.5}' for index, c in enumerate(crystals)]
    return f"{column},cif,band_gap\n" + "\n".join(rows) + "\n"


def assert_same(read: list, crystals: list) -> None:
    assert [one.id for one in read] == [one.id for one in crystals]
    for one, other in zip(read, crystals, strict=True):
        assert sorted(one.atomic_numbers) == sorted(other.atomic_numbers)
        volume = abs(np.linalg.det(other.lattice))
        assert abs(abs(np.linalg.det(one.lattice)) / volume - 1) < 1e-5


def test_flla_rows_have_energies_and_ids(real: list) -> None:
    assert len(real) == 58
    assert all(crystal.id.startswith("mp-") for crystal in real)
    assert all(set(crystal.properties) == {"e_above_hull", "formation_energy_per_atom"} for crystal in real)


@pytest.mark.parametrize("column", ["material_id", "id"])
def test_csv_plain_and_gzipped(real: list, tmp_path: Path, column: str) -> None:
    plain, packed = tmp_path / "a.csv", tmp_path / "b.csv.gz"
    plain.write_text(csv_of(real[:5], column))
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    assert_same(list(read_csv(plain)), real[:5])
    read = list(read_csv(packed))
    assert_same(read, real[:5])
    assert read[2].properties == {"band_gap": 2.5}


def test_extxyz_and_cifs_as_folder_zip_and_one_file(real: list, tmp_path: Path) -> None:
    crystals = sorted(real[:6], key=lambda crystal: crystal.id)
    write_extxyz(tmp_path / "a.extxyz", crystals)
    assert_same(list(read_extxyz(tmp_path / "a.extxyz")), crystals)
    assert len(ase.io.read(tmp_path / "a.extxyz", ":")) == 6
    write_cifs(tmp_path / "cifs", crystals)
    assert_same(list(read_cif(tmp_path / "cifs")), crystals)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for path in sorted((tmp_path / "cifs").iterdir()):
            archive.write(path, f"folder/{path.name}")
    assert_same(list(read_cif(tmp_path / "a.zip")), crystals)
    many = tmp_path / "many.cif"
    many.write_text("".join(to_cif(crystal) for crystal in crystals))
    assert [one.id for one in read_cif(many)] == [f"many-{crystal.id}" for crystal in crystals]


def test_one_bad_record_never_loses_the_others(real: list, tmp_path: Path) -> None:
    good = real[:3]
    text = csv_of(good).replace("_cell_length_b", "_cell_width_b", 1)
    (tmp_path / "a.csv").write_text(text)
    read = list(read_csv(tmp_path / "a.csv"))
    assert isinstance(read[0], Rejection) and "_cell_length_b" in read[0].reason
    assert read[0].id == good[0].id
    assert all(isinstance(item, Crystal) for item in read[1:])

    write_extxyz(tmp_path / "b.extxyz", good)
    lines = (tmp_path / "b.extxyz").read_text().splitlines()
    symbol = lines[2].split()[0]
    lines[2] = lines[2].replace(symbol, "Xq", 1)
    (tmp_path / "b.extxyz").write_text("\n".join(lines) + "\n")
    read = list(read_extxyz(tmp_path / "b.extxyz"))
    assert [isinstance(item, Rejection) for item in read] == [True, False, False]


@pytest.mark.parametrize("reader", [read_flla, read_csv, read_extxyz])
def test_empty_and_absent_files_are_sentences(reader, tmp_path: Path) -> None:
    empty = tmp_path / "empty.csv"
    empty.touch()
    with pytest.raises(GroundstateError, match="empty"):
        list(reader(empty))
    with pytest.raises(GroundstateError, match="no such file"):
        list(reader(tmp_path / "absent.csv"))


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("name,structure\nx,y\n")
    with pytest.raises(GroundstateError, match=r"no column cif \(CIF text\); it has name, structure"):
        list(read_csv(path))
    with pytest.raises(GroundstateError, match="no column material_id"):
        list(read_flla(path))


def test_a_cut_file_costs_its_last_record(real: list, tmp_path: Path) -> None:
    text = csv_of(real[:5])
    cut = tmp_path / "cut.csv"
    for whole in (text[: len(text) - 500], text[: text.rindex('"') + 1]):
        cut.write_text(whole)
        *before, last = read_csv(cut)
        assert_same(before, real[:4])
        assert isinstance(last, Rejection) and last.id == real[4].id
    packed = tmp_path / "cut.csv.gz"
    packed.write_bytes(gzip.compress(text.encode())[:-300])
    with pytest.raises(GroundstateError, match="cut"):
        list(read_csv(packed))
    write_extxyz(tmp_path / "a.extxyz", real[:3])
    lines = (tmp_path / "a.extxyz").read_text().splitlines()
    (tmp_path / "a.extxyz").write_text("\n".join(lines[:-1]))
    *before, last = read_extxyz(tmp_path / "a.extxyz")
    assert_same(before, real[:2])
    assert isinstance(last, Rejection) and "there are" in last.reason
    binary = tmp_path / "b.csv"
    binary.write_bytes(bytes(range(256)) * 10)
    with pytest.raises(GroundstateError, match=r"not text|no column cif \(CIF text\); it has \?"):
        list(read_csv(binary))


def test_extxyz_that_is_disordered_or_contradicts_itself_is_refused(tmp_path):
    frame = '2\nLattice="5 0 0 0 5 0 0 0 5" {} id={}\nNa 0 0 0 {}\nCl 2 2 2 {}\n'
    columns = "Properties=species:S:1:pos:R:3"
    path = tmp_path / "a.extxyz"
    path.write_text(
        frame.format(f"{columns}:occupancies:R:1", "half", "0.5", "1")
        + frame.format(f"{columns}:occupancy:R:1", "full", "1.0", "1")
        + frame.format(f'Lattice="6 0 0 0 6 0 0 0 6" {columns}', "twice", "", "")
        + frame.format(f'Lattice="5 0 0 0 5 0 0 0 5" {columns}', "same", "", "")
    )
    half, full, twice, same = read_extxyz(path)
    assert half.reason == "unreadable: atom 1 is partly occupied (0.5); disordered crystals are not read"
    assert twice.reason == "unreadable: the comment line states Lattice twice, differently"
    assert [one.id for one in (full, same)] == ["full", "same"]
    assert isinstance(full, Crystal)
    assert isinstance(same, Crystal)
