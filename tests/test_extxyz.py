"""Frames of extended XYZ: whole ones in order, damaged ones with their reason."""

import io
from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.extxyz import MAX_LOST, read_frames

GOOD = '2\nProperties=species:S:1:pos:R:3 pbc="F F F"\nH 0 0 0\nH 0 0 0.74\n'


def faults(text: str) -> list[str | None]:
    return [frame.fault for frame in read_frames(io.StringIO(text), Path("mine.xyz"))]


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (GOOD.replace("2", "3", 1), "line 5 promises 3 atoms, there are 2"),
        (GOOD + "H 0 0 1\n", "line 5 promises 2 atoms, but more lines follow"),
        ("9999999999999\ncomment\n", "promises 1000000000000 atoms"),
    ],
)
def test_a_damaged_frame_costs_no_other(bad: str, reason: str) -> None:
    before, *damaged, after = faults(GOOD + bad + GOOD)
    assert before is after is None
    assert reason in damaged[0]


def test_a_frame_is_its_lines() -> None:
    (frame,) = read_frames(io.StringIO(GOOD.removesuffix("\n") + "\n\n\n"), Path("mine.xyz"))
    assert frame.rows == ["H 0 0 0", "H 0 0 0.74"]
    assert frame.comment.startswith("Properties")
    assert faults("x\n" + GOOD) == ["line 1 should be a number of atoms; not extxyz, or damaged", None]
    assert faults("2\n") == ["the frame is cut at line 1"]


def test_another_kind_of_file_is_not_read_to_its_end() -> None:
    with pytest.raises(GroundstateError, match="belong to no frame"):
        faults("words\n" * (MAX_LOST + 2))
