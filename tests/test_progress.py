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
