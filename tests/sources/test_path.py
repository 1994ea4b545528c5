"""Local sources: copies, and folders that become one zip."""

import os
import subprocess
import time
import zipfile

import pytest

from groundstate.errors import GroundstateError
from groundstate.sources.archives import list_members, open_member
from groundstate.sources.checksums import Checksum
from groundstate.sources.path import copy


def test_a_file_is_copied_and_verified(tmp_path):
    source = tmp_path / "my file; $(x).sdf"
    source.write_text("content\n")
    output = tmp_path / "data" / "mine.sdf"
    for algorithm in ("sha256", "md5", "git-sha1"):
        copy(source, output, Checksum.of(source, algorithm))
        assert output.read_text() == "content\n"
    assert list(output.parent.iterdir()) == [output]


def test_a_wrong_checksum_leaves_the_old_file(tmp_path):
    (tmp_path / "new").write_text("new")
    (tmp_path / "old").write_text("old")
    with pytest.raises(GroundstateError, match=r"new: the checksum does not match"):
        copy(tmp_path / "new", tmp_path / "old", Checksum("sha256", "0" * 64))
    assert (tmp_path / "old").read_text() == "old"


def test_a_folder_becomes_the_same_zip_whatever_its_dates_and_order(tmp_path):
    names = ["b.cif", "a.cif", "deeper/c.cif", "ä b'.cif"]
    outputs = []
    for run, order in enumerate((names, names[::-1])):
        folder = tmp_path / f"cifs{run}"
        for name in order:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(f"data_{name}\n")
            (folder / name).chmod(0o600 if run else 0o644)
            os.utime(folder / name, (time.time() - run * 1e6,) * 2)
        (folder / ".DS_Store").write_text(f"{run}")
        (folder / ".git").mkdir()
        (folder / ".git" / "config").write_text(f"{run}")
        outputs.append(tmp_path / f"cifs{run}.zip")
        copy(folder, outputs[-1])
    assert outputs[0].read_bytes() == outputs[1].read_bytes()
    assert list_members(outputs[0], ".cif") == sorted(names)
    with open_member(outputs[0], "deeper/c.cif") as stream:
        assert stream.read() == b"data_deeper/c.cif\n"
    with zipfile.ZipFile(outputs[0]) as archive:
        assert archive.namelist() == sorted(names)


def test_a_changed_folder_changes_the_zip(tmp_path):
    (tmp_path / "cifs").mkdir()
    (tmp_path / "cifs" / "a.cif").write_text("data_a\n")
    copy(tmp_path / "cifs", tmp_path / "1.zip")
    (tmp_path / "cifs" / "b.cif").write_text("data_b\n")
    copy(tmp_path / "cifs", tmp_path / "2.zip")
    assert Checksum.of(tmp_path / "1.zip") != Checksum.of(tmp_path / "2.zip")


def test_what_is_missing_or_empty_is_one_sentence(tmp_path):
    with pytest.raises(GroundstateError, match=r"absent\.sdf does not exist"):
        copy(tmp_path / "absent.sdf", tmp_path / "out")
    (tmp_path / "empty.sdf").touch()
    with pytest.raises(GroundstateError, match=r"empty\.sdf is empty"):
        copy(tmp_path / "empty.sdf", tmp_path / "out")
    (tmp_path / "folder" / "inner").mkdir(parents=True)
    with pytest.raises(GroundstateError, match="folder holds no files"):
        copy(tmp_path / "folder", tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("inside", [False, True])
def test_an_unreadable_file_is_one_sentence(fetch, locked_folder, inside):
    secret = locked_folder / "cifs" / "secret.cif"
    secret.parent.mkdir()
    secret.write_text("data_secret\n")
    secret.chmod(0o600)
    (locked_folder / "mine").mkdir()
    (locked_folder / "mine").chmod(0o777)
    location = secret.parent if inside else secret
    output = locked_folder / "mine" / "out"
    done = fetch("--kind", "path", "--location", location, "--output", output, user=65534)
    last = done.stderr.splitlines()[-1]  # a note of the caches may come first: the user has no home here
    assert (done.returncode, last) == (2, f"error: {secret} cannot be read: permission denied")
    assert list(output.parent.iterdir()) == []


@pytest.mark.parametrize("folder", [False, True])
def test_a_full_disk_leaves_the_old_file(tmp_path, fetch, small_disk, folder):
    source = tmp_path / "source"
    if folder:
        source.mkdir()
    (source / "big" if folder else source).write_bytes(bytes(2**20))
    output = small_disk / "out"
    (tmp_path / "old").write_text("old")
    assert fetch("--kind", "path", "--location", tmp_path / "old", "--output", output).returncode == 0
    done = fetch("--kind", "path", "--location", source, "--output", output)
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and "no space left" in done.stderr
    assert output.read_text() == "old"
    assert sorted(small_disk.iterdir()) == [small_disk / ".groundstate", output]


def test_shell_characters_in_a_location_are_only_characters(tmp_path, fetch):
    source = tmp_path / "$(touch hacked) ; `x` 'y'.smi"
    source.write_text("C methane\n")
    done = fetch("--kind", "path", "--location", source, "--output", tmp_path / "out.smi")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "out.smi").read_text() == "C methane\n"
    assert subprocess.run(["find", tmp_path, "-name", "hacked"], capture_output=True).stdout == b""


@pytest.mark.parametrize("device", ["/dev/null", "/dev/zero"])
def test_a_device_is_refused(tmp_path, device):
    with pytest.raises(GroundstateError, match="neither a file nor a folder"):
        copy(device, tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_a_pipe_is_refused(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(GroundstateError, match="neither a file nor a folder"):
        copy(tmp_path / "pipe", tmp_path / "out" / "file")
