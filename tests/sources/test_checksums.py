"""Checksums against the tools that everybody has."""

import subprocess

import pytest

from groundstate.errors import GroundstateError
from groundstate.sources.checksums import Checksum, read_record, write_record


@pytest.fixture(params=[b"", b"a\n", bytes(range(256)) * 5000])
def path(request, tmp_path):
    (tmp_path / "file").write_bytes(request.param)
    return tmp_path / "file"


@pytest.mark.parametrize(
    ("algorithm", "tool"),
    [("sha256", ["sha256sum"]), ("md5", ["md5sum"]), ("git-sha1", ["git", "hash-object"])],
)
def test_digests_are_those_of_the_usual_tools(path, algorithm, tool):
    expected = subprocess.run([*tool, path], capture_output=True, text=True, check=True).stdout.split()[0]
    checksum = Checksum.parse(f"{algorithm}:{expected.upper()}")
    assert checksum == Checksum.of(path, algorithm)
    assert checksum.matches(path)
    checksum.verify(path, "origin")
    path.write_bytes(path.read_bytes() + b"x")
    assert not checksum.matches(path)
    with pytest.raises(GroundstateError, match=f"origin: .* expected {checksum}, found {algorithm}:"):
        checksum.verify(path, "origin")


@pytest.mark.parametrize(
    "text", ["", "abc", "sha256:", "sha256:12", "sha1:" + "0" * 40, "md5:" + "g" * 32, "md5:"]
)
def test_other_texts_are_refused_with_what_is_allowed(text):
    with pytest.raises(GroundstateError, match=r"sha256:<64 hex digits>, md5:<32 .*git-sha1:<40"):
        Checksum.parse(text)


def test_a_record_comes_back(path):
    assert read_record(path) is None
    write_record(path, Checksum.of(path))
    assert read_record(path) == Checksum.of(path)
    path.with_name("file.sha256").write_text("nonsense\n")
    with pytest.raises(GroundstateError, match=r"file\.sha256 does not hold a sha256; delete it"):
        read_record(path)
