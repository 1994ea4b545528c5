"""Reading members of archives: what is whole is read, what is damaged or hostile is refused."""

import bz2
import gzip
import io
import stat
import struct
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from groundstate.errors import GroundstateError
from groundstate.sources import archives
from groundstate.sources.archives import list_members, open_member, read_members

TABLE = "id,value\n" + "".join(
    f"row{i},{x:.9f}\n" for i, x in enumerate(np.random.default_rng(0).random(5000))
)


def write_tar(path: Path, members: list[tuple[str | tarfile.TarInfo, bytes]], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as handle:
        for name, data in members:
            info = tarfile.TarInfo(name) if isinstance(name, str) else name
            info.size = len(data)
            handle.addfile(info, io.BytesIO(data))
    return path


def write_zip(path: Path, members: list[tuple[str | zipfile.ZipInfo, bytes]]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as handle:
        for name, data in members:
            handle.writestr(name, data, zipfile.ZIP_DEFLATED)
    return path


WRITERS = {
    "zip": write_zip,
    "tar.gz": write_tar,
    "tar.bz2": lambda path, members: write_tar(path, members, "w:bz2"),
}


@pytest.fixture(params=WRITERS)
def kind(request):
    return request.param


def make(kind: str, folder: Path, members) -> Path:
    return WRITERS[kind](folder / f"archive.{kind}", members)


def test_members_come_out_as_they_went_in(kind, tmp_path):
    archive = make(
        kind, tmp_path, [("p/b.csv", TABLE.encode()), ("p/a.csv", b"x\n1\n"), ("p/readme.md", b"")]
    )
    assert list_members(archive, ".csv") == ["p/a.csv", "p/b.csv"]
    assert [name for name, _ in read_members(archive)] == ["p/b.csv", "p/a.csv", "p/readme.md"]
    assert {name: stream.read() for name, stream in read_members(archive, ".csv")} == {
        "p/b.csv": TABLE.encode(),
        "p/a.csv": b"x\n1\n",
    }
    with open_member(archive, "p/b.csv") as stream:
        pd.testing.assert_frame_equal(pd.read_csv(stream), pd.read_csv(io.StringIO(TABLE)))
    assert sorted(path.name for path in tmp_path.iterdir()) == [archive.name], "nothing is extracted"


def test_folders_are_no_members(tmp_path):
    folder = tarfile.TarInfo("p")
    folder.type = tarfile.DIRTYPE
    assert list_members(write_tar(tmp_path / "a.tar.gz", [(folder, b""), ("p/a", b"1")])) == ["p/a"]
    assert list_members(write_zip(tmp_path / "a.zip", [("p/", b""), ("p/a", b"1")])) == ["p/a"]


def test_an_absent_member_is_answered_with_those_that_are_there(kind, tmp_path):
    archive = make(kind, tmp_path, [("package-1.0/data/table.csv", b"1"), ("package-1.0/setup.py", b"")])
    message = rf"archive.{kind} has no member 'table.csv'; it has package-1.0/data/table.csv$"
    with pytest.raises(GroundstateError, match=message), open_member(archive, "table.csv"):
        pass


def test_errors_of_the_reader_pass_through(tmp_path):
    archive = write_zip(tmp_path / "a.zip", [("a", b"1")])
    with pytest.raises(EOFError, match="mine"), open_member(archive, "a"):
        raise EOFError("mine")


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "../escape", "p/../../escape", "C:\\escape", "\\\\host\\x", "p\\..\\x"]
)
def test_names_that_lead_out_are_refused(kind, name, tmp_path):
    archive = make(kind, tmp_path, [("good", b"1"), (name, b"2")])
    with pytest.raises(GroundstateError, match=r"is refused: its member .* (absolute path|leads out)"):
        list_members(archive)
    with pytest.raises(GroundstateError, match="is refused"), open_member(archive, "good"):
        pass


def test_a_name_that_occurs_twice_is_refused(kind, tmp_path):
    members = [("p/a", b"1"), ("p/./a", b"2")]
    with pytest.raises(GroundstateError, match="occurs twice"):
        list_members(make(kind, tmp_path, members))


@pytest.mark.parametrize(
    "type_", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(type_, tmp_path):
    info = tarfile.TarInfo("bad")
    info.type, info.linkname = type_, "/etc/passwd"
    archive = write_tar(tmp_path / "a.tar.gz", [("good", b"1"), (info, b"")])
    with pytest.raises(GroundstateError, match="'bad' is a link or a device"):
        list_members(archive)


@pytest.mark.parametrize("kind_bits", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(kind_bits, tmp_path):
    info = zipfile.ZipInfo("bad")
    info.external_attr = (kind_bits | 0o777) << 16
    archive = write_zip(tmp_path / "a.zip", [("good", b"1"), (info, b"/etc/passwd")])
    with pytest.raises(GroundstateError, match="'bad' is a link or a device"), open_member(archive, "good"):
        pass


def test_an_encrypted_member_is_refused(tmp_path):
    archive = write_zip(tmp_path / "a.zip", [("secret", b"1")])
    data = bytearray(archive.read_bytes())
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(signature) + offset] |= 1
    archive.write_bytes(data)
    with pytest.raises(GroundstateError, match="'secret' is encrypted"):
        list_members(archive)


def test_bombs_are_refused(kind, tmp_path, monkeypatch):
    monkeypatch.setattr(archives, "HARMLESS_SIZE", 2**20)
    archive = make(kind, tmp_path, [("good", b"1"), ("bomb", bytes(8 * 2**20))])
    with pytest.raises(GroundstateError, match=r"looks like a bomb"), open_member(archive, "good"):
        pass


def test_a_tar_bomb_is_stopped_before_it_is_unpacked(tmp_path, monkeypatch):
    """The declared size is 8 EiB, and the header alone is enough to refuse it."""
    info = tarfile.TarInfo("bomb")
    info.size = 2**63
    archive = tmp_path / "bomb.tar.gz"
    archive.write_bytes(gzip.compress(info.tobuf() + bytes(2048)))
    with pytest.raises(GroundstateError, match="looks like a bomb"):
        list_members(archive)


def test_a_bomb_that_hides_in_a_tar_header_is_refused(tmp_path, monkeypatch):
    """An extended header of 8 MiB: no member declares it, so the unpacked bytes are counted too."""
    monkeypatch.setattr(archives, "HARMLESS_SIZE", 2**20)
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 8 * 2**20
    archive = tmp_path / "bomb.tar.bz2"
    archive.write_bytes(bz2.compress(header.tobuf() + b"a" * header.size))
    with pytest.raises(GroundstateError, match="looks like a bomb"):
        list_members(archive)


def test_overlapping_zip_members_are_refused(tmp_path, monkeypatch):
    """Many directory entries that share one body (the quoted-overlap bomb) are judged by their sum."""
    monkeypatch.setattr(archives, "HARMLESS_SIZE", 2**20)
    archive = write_zip(tmp_path / "a.zip", [(f"m{i}", bytes(10)) for i in range(1000)])
    data = bytearray(archive.read_bytes())
    at = -1
    while (at := data.find(b"PK\x01\x02", at + 1)) >= 0:
        struct.pack_into("<I", data, at + 24, 2**31)
    archive.write_bytes(data)
    with pytest.raises(GroundstateError, match="looks like a bomb"):
        list_members(archive)


@pytest.mark.parametrize("part", [0.02, 0.5, 0.98])
def test_a_cut_archive_is_named(kind, part, tmp_path):
    archive = make(kind, tmp_path, [("a.csv", TABLE.encode()), ("b.csv", TABLE.encode())])
    data = archive.read_bytes()
    archive.write_bytes(data[: int(part * len(data))])
    with pytest.raises(GroundstateError, match=rf"archive.{kind}.* is damaged or cut"):
        list_members(archive)


def test_a_tar_that_was_cut_before_it_was_packed_is_named(tmp_path):
    whole = write_tar(tmp_path / "a.tar", [("a.csv", TABLE.encode())], "w").read_bytes()
    archive = tmp_path / "a.tar.gz"
    archive.write_bytes(gzip.compress(whole[: len(TABLE) // 2]))
    with pytest.raises(GroundstateError, match=r"a\.tar\.gz is damaged or cut"):
        list_members(archive)


def test_damage_inside_a_member_shows_while_reading(kind, tmp_path):
    archive = make(kind, tmp_path, [("a.csv", TABLE.encode())])
    data = bytearray(archive.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 8] = bytes(8)
    archive.write_bytes(data)
    with pytest.raises(GroundstateError, match=r"is damaged or cut"), open_member(archive, "a.csv") as stream:
        pd.read_csv(stream)


@pytest.mark.parametrize(
    ("content", "message"),
    [(b"", "is empty"), (b"id,value\n", "is not a zip, wheel, tar.gz or tar.bz2 archive")],
)
def test_what_is_no_archive_is_said_to_be_none(content, message, tmp_path):
    path = tmp_path / "data.zip"
    path.write_bytes(content)
    with pytest.raises(GroundstateError, match=rf"data.zip {message}"):
        list_members(path)


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(GroundstateError, match=r"absent\.zip does not exist"):
        list_members(tmp_path / "absent.zip")
