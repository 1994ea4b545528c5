"""Files are whole or absent, and an older process cannot replace what a newer one writes."""

import errno
import os
import signal
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, claimed, write_json, write_text
from pipeline import cannot

ORPHAN = """
import sys
from pathlib import Path
from groundstate.files import claimed, write_text
folder = Path(sys.argv[1])
with claimed([folder / "out"]):
    print("claimed", flush=True)
    sys.stdin.readline()
    write_text(folder / "out" / "table.csv", "old")
"""


def test_an_exception_leaves_the_old_content_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "file"
    write_text(path, "old")
    with pytest.raises(RuntimeError), atomic_path(path) as temporary:
        temporary.write_text("new")
        raise RuntimeError
    assert path.read_text() == "old" and list(tmp_path.iterdir()) == [path]


def test_a_folder_is_replaced_whole(tmp_path: Path) -> None:
    for names in (["a", "b"], ["c"]):
        with atomic_path(tmp_path / "folder") as temporary:
            temporary.mkdir()
            for name in names:
                (temporary / name).write_text(name)
    assert [path.name for path in (tmp_path / "folder").iterdir()] == ["c"]


def test_nan_is_refused_and_nothing_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", {"a": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_a_killed_writer_leaves_no_file(tmp_path: Path) -> None:
    script = (
        "import sys, time; from groundstate.files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "file"], stdout=subprocess.PIPE)
    process.stdout.readline()
    process.kill()
    process.wait()
    assert not (tmp_path / "file").exists()
    write_text(tmp_path / "file", "whole")
    assert (tmp_path / "file").read_text() == "whole"


def test_an_orphan_cannot_overwrite_a_newer_result(tmp_path: Path) -> None:
    orphan = subprocess.Popen(
        [sys.executable, "-c", ORPHAN, tmp_path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert orphan.stdout.readline() == "claimed\n"
    with claimed([tmp_path / "out"]):
        write_text(tmp_path / "out/table.csv", "new")
    _, errors = orphan.communicate("go on\n")
    assert orphan.returncode != 0
    assert "table.csv: not written, for a newer run has begun to write" in errors
    assert (tmp_path / "out/table.csv").read_text() == "new"


def test_a_claim_holds_for_its_outputs_only(tmp_path: Path) -> None:
    with claimed([tmp_path / "a"]):
        (tmp_path / ".a.claim").write_text("another process\n")
        write_text(tmp_path / "b", "free")
        with pytest.raises(GroundstateError, match="newer run"):
            write_text(tmp_path / "a", "taken")
    assert (tmp_path / ".a.claim").exists()
    with claimed([tmp_path / "a"]):
        write_text(tmp_path / "a", "mine")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".groundstate", "a", "b"]


def test_a_full_disk_leaves_the_old_file(small_disk: Path) -> None:
    path = small_disk / "file"
    write_text(path, "old")
    with pytest.raises(OSError) as caught:
        write_text(path, "x" * 1_000_000)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_text() == "old" and list(small_disk.iterdir()) == [path]


def test_sigterm_in_a_command_clears_its_temporary_files(tmp_path: Path) -> None:
    script = (
        "import sys, time; from groundstate import cli; from groundstate.files import atomic_path, claimed\n"
        "import signal; signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))\n"
        "with claimed([sys.argv[1]]), atomic_path(sys.argv[1]) as temporary:\n"
        "    temporary.write_text('half'); print('ready', flush=True); time.sleep(60)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", script, tmp_path / "file"], stdout=subprocess.PIPE)
    process.stdout.readline()
    os.kill(process.pid, signal.SIGTERM)
    assert process.wait(20) == 143 and list(tmp_path.iterdir()) == []


def test_a_file_of_another_is_neither_replaced_nor_are_its_inputs(tmp_path: Path) -> None:
    (tmp_path / "mine.sdf").write_text("precious")
    not_ours = pytest.raises(GroundstateError, match=r"mine.sdf: is there, and groundstate did not write it")
    with not_ours, claimed([tmp_path / "mine.sdf"]):
        pass
    an_input = pytest.raises(GroundstateError, match=r"table.csv: is an input of this command")
    with an_input, claimed([tmp_path], [tmp_path / "table.csv"]):
        write_text(tmp_path / "table.csv", "new")
    (tmp_path / "link.sdf").symlink_to(tmp_path / "mine.sdf")
    with pytest.raises(GroundstateError, match=r"link.sdf: is there"), claimed([tmp_path / "link.sdf"]):
        pass
    assert (tmp_path / "mine.sdf").read_text() == "precious"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link.sdf", "mine.sdf"]


@pytest.mark.parametrize("through_a_link", [False, True])
@pytest.mark.parametrize("kind", ["fifo", "socket", "device"])
def test_a_device_or_a_pipe_is_never_replaced(tmp_path: Path, kind: str, through_a_link: bool) -> None:
    path = tmp_path / kind
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "socket":
        socket.socket(socket.AF_UNIX).bind(str(path))
    else:
        try:
            os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        except PermissionError:
            cannot("a device needs the right to make one")
    before = path.stat()
    given = path
    if through_a_link:
        given = tmp_path / "link"
        given.symlink_to(path)
    for write in (write_text, lambda path, _: claimed([path]).__enter__()):
        with pytest.raises(GroundstateError, match="is a device or a pipe, not a file"):
            write(given, "new")
    assert os.path.samestat(path.stat(), before) and given.is_symlink() == through_a_link
    assert {one.name for one in tmp_path.iterdir()} <= {kind, "link"}


def test_nothing_is_written_among_the_devices() -> None:
    with pytest.raises(GroundstateError, match="/dev/a_new_name: is a device"):
        write_text("/dev/a_new_name", "new")
    assert not Path("/dev/a_new_name").exists()


def test_what_the_system_refuses_names_the_output(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    for place in (Path("/proc/self/table.csv"), tmp_path / ("x" * 300)):
        with pytest.raises(OSError) as raised, claimed([place]):
            pass
        assert raised.value.filename == str(place)


def test_what_the_program_made_it_replaces_until_it_is_changed(tmp_path: Path) -> None:
    for text in ("one", "two", "longer"):
        with claimed([tmp_path / "out"]):
            write_text(tmp_path / "out", text)
    (tmp_path / "out").write_text("edited by hand")
    with (
        pytest.raises(GroundstateError, match=r"out: is there, .*changed since"),
        claimed([tmp_path / "out"]),
    ):
        pass
    (tmp_path / "out").unlink()
    with claimed([tmp_path / "out"]):
        write_text(tmp_path / "out", "again")


def test_a_folder_with_files_of_another_is_not_replaced(tmp_path: Path) -> None:
    def make(number: int) -> None:
        with claimed([tmp_path / "cifs"]), atomic_path(tmp_path / "cifs") as temporary:
            temporary.mkdir()
            (temporary / f"{number}.cif").write_text("data")

    make(1)
    make(2)
    (tmp_path / "cifs/notes.txt").write_text("precious")
    with pytest.raises(GroundstateError, match="cifs: is there"):
        make(3)
    assert {path.name for path in (tmp_path / "cifs").iterdir()} == {"2.cif", "notes.txt"}


def test_files_beside_the_outputs_in_a_folder_stay_free(tmp_path: Path) -> None:
    (tmp_path / "summary.json").write_text("{}")
    with claimed([tmp_path]):
        write_text(tmp_path / "cache/piece.json", "{}")
        write_text(tmp_path / ".pieces/piece.json", "{}")
        write_text(tmp_path / "cache/piece.json", "[1]")
        with pytest.raises(GroundstateError, match=r"summary.json: is there"):
            write_text(tmp_path / "summary.json", "[]")
    assert not (tmp_path / "cache/.groundstate").exists()


def test_what_dead_processes_left_is_cleared_and_that_of_living_ones_stays(tmp_path: Path) -> None:
    script = (
        "import os, sys; from groundstate.files import atomic_path\n"
        "with atomic_path(sys.argv[1]) as one, atomic_path(sys.argv[2]) as two:\n"
        "    one.write_text('half'); two.write_text('half'); os.kill(os.getpid(), 9)\n"
    )
    (tmp_path / "folder").mkdir()
    arguments = [str(tmp_path / "out"), str(tmp_path / "folder/table.csv")]
    subprocess.run([sys.executable, "-c", script, *arguments], check=False)
    assert len(list(tmp_path.rglob(".*.part"))) == 2
    with atomic_path(tmp_path / "out") as mine:
        with claimed([tmp_path / "out", tmp_path / "folder"]):
            assert [path.parent for path in tmp_path.rglob(".*.part")] == [tmp_path]
        mine.write_text("whole")
    assert not list(tmp_path.rglob(".*.part"))
