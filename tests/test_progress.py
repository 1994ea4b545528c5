"""Progress lines in a log."""

import re

import pytest

from groundstate.progress import Progress, track


def test_a_log_gets_a_last_line_with_count_and_time(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "letters", 3, "letter")) == ["a", "b", "c"]
    (line,) = capsys.readouterr().err.splitlines()
    assert re.fullmatch(r"letters: 3/3 \(.* letter/s, 0:00 in all\)", line)


def test_what_was_done_before_counts_but_not_in_the_rate(capsys: pytest.CaptureFixture[str]) -> None:
    progress = Progress("pieces", 10, "piece", done=9, every=0)
    progress.start -= 100  # the one that is left took 100 seconds
    progress.update(note="loss 1.5")
    assert re.fullmatch(
        r"pieces: 10/10 \(100\.\d s/piece, 1:40 in all\) loss 1\.5\n", capsys.readouterr().err
    )


def test_nothing_to_do_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track([], "letters", 0)) == []
    assert capsys.readouterr().err == ""


def test_the_time_left_does_not_count_the_start(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("groundstate.progress.time.monotonic", lambda: now)
    progress = Progress("pieces", 100, "piece", every=0)
    for now in (20.0, 20.5, 22.5, 24.5):  # 20 seconds until libraries are loaded, then 2 pieces a second
        progress.update({20.0: 1, 20.5: 1, 22.5: 4, 24.5: 4}[now])
    lines = capsys.readouterr().err.splitlines()
    assert all("time left not known yet" in line for line in lines[:2])
    assert lines[2].endswith("about 0:47 left)")
    assert lines[3].endswith("about 0:45 left)")
