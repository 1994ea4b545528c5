"""Downloads from a real server that cuts, fails, changes its mind and redirects."""

import hashlib
import json
import os
import random
import signal
import subprocess
import time

import pytest

from groundstate.errors import GroundstateError
from groundstate.sources.checksums import Checksum
from groundstate.sources.settings import Retry
from groundstate.sources.url import download

DATA = random.Random(0).randbytes(600_000)
SHA256 = Checksum("sha256", hashlib.sha256(DATA).hexdigest())
QUICK = Retry(attempts=3, delay=0.01, timeout=0.5)


@pytest.fixture
def output(tmp_path, server):
    server.data = DATA
    return tmp_path / "data" / "file.bin"


def left_beside(output):
    return sorted(path.name for path in output.parent.iterdir() if path != output)


def assert_whole(output):
    assert output.read_bytes() == DATA
    assert left_beside(output) == []


@pytest.mark.parametrize(
    "checksum",
    [
        SHA256,
        Checksum("md5", hashlib.md5(DATA).hexdigest()),
        Checksum("git-sha1", hashlib.sha1(b"blob 600000\0" + DATA).hexdigest()),
    ],
)
def test_a_whole_file_arrives(server, output, checksum, capsys):
    download(server.url, output, checksum, QUICK)
    assert_whole(output)
    assert server.asked == [None]
    assert "file.bin: 1/1" in capsys.readouterr().err, "progress is shown"


def test_a_file_that_is_already_there_and_right_is_left_alone(server, output):
    output.parent.mkdir()
    output.write_bytes(DATA)
    (output.parent / "file.bin.part").write_bytes(DATA[:1000])
    (output.parent / "file.bin.part.json").touch()
    download(server.url, output, SHA256, QUICK)
    assert server.asked == []
    assert_whole(output)


def test_a_file_that_is_there_and_wrong_is_replaced(server, output):
    output.parent.mkdir()
    output.write_bytes(b"something else")
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)


def test_a_truncated_body_is_noticed_and_resumed(server, output):
    server.script = [("cut", 200_000), ("cut", 300_000)]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    assert server.asked == [None, "bytes=200000-", "bytes=500000-"]
    assert server.requests[1]["If-Range"] == '"first"'


def test_progress_of_a_bad_line_counts_as_success(server, output):
    """More cuts than attempts: each brings something new, so none is the third failure in a row."""
    server.script = [("cut", 100_000)] * 5
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)


def test_a_line_that_stays_bad_is_given_up_and_its_bytes_are_kept(server, output):
    server.script = [("cut", 100_000)] + [("cut", 0)] * 3
    message = (
        r"ended after 100000 of 600000 bytes \(3 attempts in a row failed\)\. The 100000 bytes .* are kept"
    )
    with pytest.raises(GroundstateError, match=message):
        download(server.url, output, SHA256, QUICK)
    assert left_beside(output) == ["file.bin.part", "file.bin.part.json"]
    assert not output.exists()
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    assert server.asked[-1] == "bytes=100000-"


def test_a_server_without_ranges_starts_over(server, output):
    server.ranges = False
    server.script = [("cut", 200_000)]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    assert server.asked == [None, "bytes=200000-"]


def test_a_server_without_ranges_that_always_cuts_does_not_hold_us_for_ever(server, output):
    server.ranges = False
    server.script = [("cut", 200_000)] * 20
    with pytest.raises(GroundstateError, match="3 attempts in a row failed"):
        download(server.url, output, SHA256, QUICK)
    assert len(server.requests) == 3


@pytest.mark.parametrize("obeys", [True, False])
def test_a_file_that_changes_in_between_is_not_mixed(server, output, obeys):
    """The server that does not know If-Range answers 206 with another ETag."""
    server.data, server.etag = DATA[::-1], '"old"'
    server.script = [("cut", 200_000)] + [("cut", 0)] * 3
    with pytest.raises(GroundstateError):
        download(server.url, output, SHA256, QUICK)
    server.data, server.etag, server.if_range = DATA, '"new"', obeys
    server.requests, server.script = [], []
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    assert server.asked == (["bytes=200000-"] if obeys else ["bytes=200000-", None])


def test_a_part_whose_version_nobody_knows_is_kept_only_if_a_checksum_can_judge_it(server, output):
    server.etag = None
    for checksum, asked in ((SHA256, "bytes=200000-"), (None, None)):
        server.script = [("cut", 200_000)] + [("cut", 0)] * 2
        with pytest.raises(GroundstateError):
            download(server.url, output, checksum, QUICK.model_copy(update={"attempts": 2}))
        server.script, server.requests = [], []
        download(server.url, output, checksum, QUICK)
        assert server.asked == [asked]
        assert output.read_bytes() == DATA
        output.unlink()


def test_a_part_of_another_address_is_discarded(server, output):
    output.parent.mkdir()
    (output.parent / "file.bin.part").write_bytes(DATA[:1000])
    description = {"url": server.url + "?old", "total": len(DATA), "etag": server.etag, "modified": None}
    (output.parent / "file.bin.part.json").write_text(json.dumps(description))
    download(server.url, output, SHA256, QUICK)
    assert server.asked == [None]
    assert_whole(output)


@pytest.mark.parametrize("description", ["", "{", '{"url": 1}', "[]"])
def test_a_part_with_a_damaged_description_is_discarded(server, output, description):
    output.parent.mkdir()
    (output.parent / "file.bin.part").write_bytes(DATA[:1000])
    (output.parent / "file.bin.part.json").write_text(description)
    download(server.url, output, SHA256, QUICK)
    assert server.asked == [None]
    assert_whole(output)


def test_a_damaged_part_costs_one_more_download_and_nothing_else(server, output):
    output.parent.mkdir()
    (output.parent / "file.bin.part").write_bytes(bytes(1000))
    description = {"url": server.url, "total": len(DATA), "etag": server.etag, "modified": None}
    (output.parent / "file.bin.part.json").write_text(json.dumps(description))
    download(server.url, output, SHA256, QUICK)
    assert server.asked == ["bytes=1000-", None]
    assert_whole(output)


def test_a_wrong_checksum_is_refused_and_nothing_stays(server, output):
    server.data = DATA[:-1] + b"!"
    with pytest.raises(
        GroundstateError, match=rf"does not match: expected {SHA256}, found sha256:[0-9a-f]{{64}}"
    ):
        download(server.url, output, SHA256, QUICK)
    assert list(output.parent.iterdir()) == []
    assert len(server.requests) == 1


def test_a_final_answer_is_not_asked_for_twice(server, output):
    server.script = [404]
    with pytest.raises(GroundstateError, match=r"file\.bin: the server answers 404 Not Found"):
        download(server.url, output, SHA256, QUICK)
    assert len(server.requests) == 1
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("fault", [500, 503, 429, ("cut", 0), "silent"])
def test_a_passing_fault_is_tried_again(server, output, fault, capsys):
    server.script = [fault]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    assert len(server.requests) == 2
    assert "trying again in" in capsys.readouterr().err


def test_a_fault_that_stays_ends_with_its_reason(server, output):
    server.script = [500] * 10
    with pytest.raises(GroundstateError, match=r"answers 500 .*3 attempts in a row failed.*kind 'path'"):
        download(server.url, output, SHA256, QUICK)
    assert len(server.requests) == 3


def test_the_delay_doubles(server, output, monkeypatch):
    slept = []
    monkeypatch.setattr("groundstate.sources.url.time.sleep", slept.append)
    server.script = [500] * 4
    download(server.url, output, SHA256, Retry(attempts=5, delay=40, timeout=1))
    assert slept == [40, 60, 60, 60]


def test_no_server_at_all_is_said(output):
    with pytest.raises(GroundstateError, match=r"no connection: .*refused.*kind 'path'"):
        download("http://127.0.0.1:9/file.bin", output, SHA256, QUICK)
    assert list(output.parent.iterdir()) == []


def test_a_redirect_is_followed(server, output):
    server.script = [("redirect", "/elsewhere")]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://127.0.0.1/x", "data:text/plain,x"])
def test_a_redirect_away_from_http_is_refused(server, output, target):
    server.script = [("redirect", target)]
    with pytest.raises(GroundstateError, match=r"302|refused"):
        download(server.url, output, None, QUICK)
    assert len(server.requests) == 1
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://host/file", "/etc/passwd", "http://", "http://a b/"]
)
def test_other_addresses_are_refused(tmp_path, url):
    with pytest.raises(GroundstateError, match=r"is not an http\(s\) address"):
        download(url, tmp_path / "file", None, QUICK)
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_refused(server, output):
    server.data = b""
    with pytest.raises(GroundstateError, match="empty file"):
        download(server.url, output, None, QUICK)
    assert list(output.parent.iterdir()) == []


def test_a_chunked_answer_without_a_length_arrives(server, output):
    server.script = ["chunked"]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)


@pytest.mark.parametrize("checksum", [SHA256, None], ids=["checksum", "no checksum"])
def test_a_packed_body_is_stored_unpacked(server, output, checksum):
    server.script = ["packed"]
    download(server.url, output, checksum, QUICK)
    assert output.read_bytes() == DATA


def test_a_packed_body_that_is_cut_is_fetched_again(server, output):
    server.script = [("packed", 1000), ("packed", 300_000), "packed"]
    download(server.url, output, None, QUICK)
    assert output.read_bytes() == DATA
    assert server.asked == [None] * 3


def test_a_chunked_body_that_is_cut_is_fetched_again(server, output):
    server.script = [("chunked", 1000), "chunked"]
    download(server.url, output, None, QUICK)
    assert output.read_bytes() == DATA


def test_a_body_without_a_length_is_taken_only_where_a_checksum_can_judge_it(server, output):
    server.script = ["endless"]
    download(server.url, output, SHA256, QUICK)
    assert_whole(output)
    output.unlink()
    server.script = [("endless", 1000)]
    with pytest.raises(GroundstateError, match="does not say how long the file is"):
        download(server.url, output, None, QUICK)
    assert list(output.parent.iterdir()) == []
    server.script = [("endless", 1000)]
    with pytest.raises(GroundstateError, match="checksum does not match"):
        download(server.url, output, SHA256, QUICK)
    assert list(output.parent.iterdir()) == []


def test_redirects_in_a_circle_are_one_line(server, output):
    server.script = [("redirect", "/file.bin")] * 12
    with pytest.raises(GroundstateError, match=r"the server answers 302 .*loop") as raised:
        download(server.url, output, SHA256, QUICK)
    assert "\n" not in str(raised.value)
    assert not list(output.parent.iterdir())


def test_nothing_is_put_in_the_place_of_a_pipe_or_of_a_part_of_another(server, output):
    output.parent.mkdir()
    os.mkfifo(output)
    with pytest.raises(GroundstateError, match="is a device or a pipe"):
        download(server.url, output, SHA256, QUICK)
    assert output.is_fifo() and not server.asked
    output.unlink()
    part = output.with_name("file.bin.part")
    part.write_text("of a browser")
    with pytest.raises(GroundstateError, match=r"file.bin.part: is there, and groundstate did not write it"):
        download(server.url, output, SHA256, QUICK)
    assert [path.read_text() for path in output.parent.iterdir()] == ["of a browser"]


@pytest.mark.parametrize("target", ["http://[", "http://a:port/", "http://[::1/x", "//[bad"])
def test_a_redirect_to_a_malformed_address_is_a_sentence(server, output, target):
    server.script = [("redirect", target)]
    with pytest.raises(GroundstateError, match="malformed"):
        download(server.url, output, None, QUICK)
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("action", ["chunked", "packed", "endless"])
def test_an_empty_body_is_refused_however_it_is_sent(server, output, action):
    server.data = b""
    server.script = [action]
    with pytest.raises(GroundstateError, match="empty file"):
        download(server.url, output, SHA256, QUICK)


@pytest.mark.parametrize("pause", [0.01, 0.1], ids=["within the timeout", "beyond the timeout"])
def test_a_line_that_only_drips_is_given_up(server, output, pause):
    # no line is faster than this rate, however long a block takes
    retry = Retry(attempts=2, delay=0.01, timeout=0.05, min_rate=1e15)
    server.script = [("slow", pause), ("slow", pause)]
    with pytest.raises(GroundstateError, match="2 attempts in a row failed"):
        download(server.url, output, SHA256, retry)
    assert len(server.requests) == 2


def test_without_a_checksum_the_first_download_is_remembered(server, output, capsys):
    download(server.url, output, None, QUICK)
    record = output.with_name("file.bin.sha256")
    assert record.read_text() == f"{SHA256.digest}  file.bin\n"
    assert f"warning: no checksum is known for {server.url}" in capsys.readouterr().err
    assert subprocess.run(["sha256sum", "--check", record.name], cwd=output.parent).returncode == 0

    output.unlink()  # as Snakemake does before a job
    download(server.url, output, None, QUICK)
    assert "warning" not in capsys.readouterr().err

    output.unlink()
    server.data = DATA[::-1]
    with pytest.raises(
        GroundstateError, match=rf"another one than the first time.*{SHA256}.*delete that record"
    ):
        download(server.url, output, None, QUICK)
    assert left_beside(output) == ["file.bin.sha256"]


def test_a_kill_at_any_time_costs_only_time(server, output, fetch):
    """Three kills with -9 at random points, then a run that ends: every byte was sent about once."""
    server.script = [("slow", 0.01)] * 4
    arguments = ("--kind", "url", "--location", server.url, "--checksum", SHA256, "--output", output)
    part = output.with_name("file.bin.part")
    points = sorted(random.Random(7).sample(range(1, 500_000), 3))
    for point in points:
        process = fetch.start(*arguments)
        until = time.monotonic() + 30
        while not (part.exists() and part.stat().st_size >= point):
            assert time.monotonic() < until and process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert not output.exists()
    done = fetch(*arguments)
    assert done.returncode == 0, done.stderr
    assert_whole(output)
    starts = [int(asked.removeprefix("bytes=").rstrip("-")) for asked in server.asked[1:]]
    assert all(start >= point for start, point in zip(starts, points, strict=True))


def test_an_orphan_and_a_new_run_do_not_mix(server, output, fetch):
    """Two processes at once: the second says that it waits and takes what the first has brought."""
    server.script = ["hold"]
    arguments = ("--kind", "url", "--location", server.url, "--checksum", SHA256, "--output", output)
    first = fetch.start(*arguments)
    while not output.with_name("file.bin.part").exists():
        time.sleep(0.005)
    second = fetch.start(*arguments)
    assert "another process is downloading it; waiting" in second.stderr.readline()
    server.gate.set()
    assert (first.wait(), second.wait()) == (0, 0)
    assert len(server.requests) == 1
    assert_whole(output)


def test_a_full_disk_is_a_sentence_and_goes_on_when_there_is_room(server, output, fetch, small_disk):
    target = small_disk / "file.bin"
    arguments = ("--kind", "url", "--location", server.url, "--checksum", SHA256, "--output", target)
    full = fetch(*arguments)
    assert full.returncode == 2
    assert full.stderr.splitlines()[-1].startswith(f"error: no space left on the device for {target}: ")
    assert "Traceback" not in full.stderr
    assert not target.exists()
    subprocess.run(["mount", "-o", "remount,size=8m", small_disk], check=True)
    assert fetch(*arguments).returncode == 0
    assert_whole(target)
    assert server.asked[1] not in (None, "bytes=0-"), "the second run went on where the first had ended"


def test_a_folder_without_write_permission_is_a_sentence(server, output, fetch, locked_folder):
    location = ("--kind", "url", "--location", server.url, "--checksum", SHA256)
    done = fetch(*location, "--output", locked_folder / "file.bin", user=65534)
    assert done.returncode == 2
    # a note may stand before it, where the home folder cannot be written either
    sentence = done.stderr.splitlines()[-1]
    assert sentence == (
        f"error: {locked_folder / 'file.bin'}: no permission; choose a folder that you may write to"
    )
    assert "Traceback" not in done.stderr
    assert list(locked_folder.iterdir()) == []
