"""Archives out of a package index: a folder of packages stands in for it, and once the real one."""

import hashlib
import io
import tarfile
import zipfile

import pytest

from groundstate.errors import GroundstateError
from groundstate.sources.archives import open_member
from groundstate.sources.checksums import Checksum
from groundstate.sources.index import download

NOTHING = Checksum("sha256", "0" * 64)


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder with a wheel and a source archive of ``tinydata``; building the latter leaves a mark."""
    folder = tmp_path / "packages"
    folder.mkdir()
    with zipfile.ZipFile(folder / "tinydata-1.0-py3-none-any.whl", "w") as wheel:
        metadata = "Metadata-Version: 2.1\nName: tinydata\nVersion: 1.0\n"
        wheel.writestr("tinydata/table.csv", "id\n1\n")
        wheel.writestr("tinydata-1.0.dist-info/METADATA", metadata)
        wheel.writestr(
            "tinydata-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        wheel.writestr("tinydata-1.0.dist-info/RECORD", "")
    mark = tmp_path / "setup_ran"
    script = (
        f"import setuptools\nopen({str(mark)!r}, 'w').close()\n"
        "setuptools.setup(name='tinydata', version='1.0')\n"
    )
    with tarfile.open(folder / "tinydata-1.0.tar.gz", "w:gz") as archive:
        for name, text in (("setup.py", script), ("PKG-INFO", metadata), ("table.csv", "id\n1\n")):
            info = tarfile.TarInfo(f"tinydata-1.0/{name}")
            info.size = len(text)
            archive.addfile(info, io.BytesIO(text.encode()))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def checksum_of(path):
    return Checksum("sha256", hashlib.sha256(path.read_bytes()).hexdigest())


@pytest.mark.parametrize(
    ("name", "member"),
    [
        ("tinydata-1.0-py3-none-any.whl", "tinydata/table.csv"),
        ("tinydata-1.0.tar.gz", "tinydata-1.0/table.csv"),
    ],
)
def test_the_archive_arrives_as_it_is(packages, tmp_path, name, member, capfd):
    output = tmp_path / "data" / name
    left = tmp_path / "data" / f".{name}.pip" / "archive"  # by a run that was killed
    left.mkdir(parents=True)
    (left / "half.whl").write_bytes(b"half")
    download("tinydata==1.0", output, checksum_of(packages / name))
    assert output.read_bytes() == (packages / name).read_bytes()
    assert list(output.parent.iterdir()) == [output]
    assert capfd.readouterr() == ("", ""), "pip is quiet when all is well"
    with open_member(output, member) as stream:
        assert stream.read() == b"id\n1\n"


def test_a_wrong_hash_is_refused_before_anything_runs(packages, tmp_path, capfd):
    output = tmp_path / "data" / "tinydata-1.0.tar.gz"
    found = checksum_of(packages / "tinydata-1.0.tar.gz")
    with pytest.raises(GroundstateError, match=rf"tinydata==1.0: .* expected {NOTHING}, found {found}"):
        download("tinydata==1.0", output, NOTHING)
    assert list(output.parent.iterdir()) == []
    assert not (tmp_path / "setup_ran").exists()
    assert "DO NOT MATCH THE HASHES" in capfd.readouterr().err, "pip's own words are in the log"


def test_an_unknown_version_is_said(packages, tmp_path):
    with pytest.raises(GroundstateError, match=r"tinydata==2\.0: .* other versions .* not this one"):
        download("tinydata==2.0", tmp_path / "data" / "tinydata-2.0.tar.gz", NOTHING)


def test_an_index_that_does_not_answer_is_said(tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_FIND_LINKS", "")
    monkeypatch.setenv("PIP_RETRIES", "1")
    with pytest.raises(GroundstateError, match=r"cannot be reached.*kind 'path'"):
        download("tinydata==1.0", tmp_path / "tinydata-1.0.tar.gz", NOTHING)


@pytest.mark.parametrize("checksum", [None, Checksum("md5", "0" * 32)])
def test_a_sha256_is_needed(tmp_path, checksum):
    with pytest.raises(GroundstateError, match="needs a sha256"):
        download("tinydata==1.0", tmp_path / "tinydata-1.0.tar.gz", checksum)


@pytest.mark.parametrize(
    "requirement",
    ["tinydata", "tinydata>=1", "--index-url x", "a==1\n--pre", "a==1; b", "git+https://x", "a==*"],
)
def test_only_a_pinned_package_is_asked_for(tmp_path, requirement):
    with pytest.raises(GroundstateError, match="not a pinned package"):
        download(requirement, tmp_path / "x.whl", NOTHING)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.network
def test_the_real_index(tmp_path):
    right = Checksum("sha256", "f631c04d2c48c52b84d0d0549c99ff3859c98df65b3101406327ecc7d53fbf12")
    output = tmp_path / "iniconfig-2.3.0-py3-none-any.whl"
    download("iniconfig==2.3.0", output, right)
    assert Checksum.of(output) == right
    output.unlink()
    with pytest.raises(GroundstateError, match=rf"does not match: expected {NOTHING}, found {right}"):
        download("iniconfig==2.3.0", output, NOTHING)
    assert list(tmp_path.iterdir()) == []
