"""File names of ids: safe, unique, inside the folder; ids on one line come back unchanged or are refused."""

import csv
import io
import re
from pathlib import Path

import ase
import ase.io
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from groundstate.names import extxyz_id, extxyz_value, file_name, file_names, line_fault, write_name_table

ODD = [
    *("../../../x", "/etc/passwd", "a/b", "a\\b", "C:x", "..", ".", "", " ", "CON", "nul.txt", "Com1"),
    *("a" * 300, "a.", ".hidden", "a\nb", "a\0b", "$$$$", "é", "\udc80", "日本", "-rf", "~", "a:b", "a*?"),
    *("mp-1", "MP-1", "Mp-1", "names"),
]


@given(st.lists(st.text() | st.sampled_from(ODD), max_size=30))
@example(ODD)
def test_names_are_safe_and_unique_whatever_the_ids(ids: list[str]) -> None:
    names = file_names(ids, taken=["names"])
    assert len(names) == len(ids) == len({name.lower() for name in names} - {"names"})
    for name in names:
        assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._+-]*", name) and len(name) <= 110
        assert not name.endswith(".") and Path("folder", name).resolve().parent == Path("folder").resolve()
        assert not re.fullmatch(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\..*)?", name)
    assert file_names(ids, taken=["names"]) == names


def test_plain_ids_keep_their_names_and_others_say_what_they_were() -> None:
    assert file_names(["mp-1", "seed0-00001", "GDB_12.a"]) == ["mp-1", "seed0-00001", "GDB_12.a"]
    assert file_name("x/../../../y").startswith("x_y-")
    assert file_name("a" * 300).startswith("a" * 80 + "-")
    first, second, third = file_names(["mp-1", "MP-1", "mp-1"])
    assert first == "mp-1" and second.startswith("MP-1-") and third.startswith("mp-1-")


def test_a_name_does_not_depend_on_its_neighbours_unless_they_collide() -> None:
    assert file_names(["b/c", "é"])[1] == file_name("é")


def test_the_table_leads_from_ids_to_files(tmp_path: Path) -> None:
    ids = ["a/b", 'quote"', "comma,", "line\nbreak"]
    write_name_table(tmp_path / "names.csv", ids, file_names(ids))
    with (tmp_path / "names.csv").open(newline="") as handle:
        assert [(row["id"], row["file"]) for row in csv.DictReader(handle)] == list(
            zip(ids, file_names(ids), strict=True)
        )


@pytest.mark.parametrize(
    "text", ["", "a\nb", "a\rb", "a\x85b", "a\u2028b", "a\tb", "a\0b", " a", "a ", "$$$$", "$$$$x", "\x1b"]
)
def test_ids_that_would_not_come_back_are_refused(text: str) -> None:
    assert line_fault(text)


@given(st.text(min_size=1))
@example('a "b" = c\\d')
@example("007")
@example("1e5")
@example("T")
@example("id=2")
@example("\\")
def test_ids_that_fit_a_line_come_back_from_extxyz_unchanged(text: str) -> None:
    if line_fault(text):
        return
    comment = f'Lattice="1 0 0 0 1 0 0 0 1" other="id=no" id={extxyz_value(text)} pbc="T T T"'
    assert extxyz_id(comment) == text
    assert len(comment.splitlines()) == 1


@pytest.mark.parametrize("text", ["mp-1", "a b", "a=b", 'say "x"', "a,b", "é"])
def test_other_tools_read_and_write_the_same_ids(text: str) -> None:
    comment = (
        f'Lattice="1 0 0 0 1 0 0 0 1" Properties=species:S:1:pos:R:3 id={extxyz_value(text)} pbc="T T T"'
    )
    assert ase.io.read(io.StringIO(f"1\n{comment}\nH 0 0 0\n"), format="extxyz").info["id"] == text
    written = io.StringIO()
    ase.io.write(written, ase.Atoms("H", info={"id": text}), format="extxyz")
    assert extxyz_id(written.getvalue().splitlines()[1]) == text


def test_no_id_is_none() -> None:
    assert extxyz_id('Lattice="1 0 0" identity=3 pbc="T T T"') is None
    assert extxyz_id("") is None
