"""The one way to open a text file: encodings, gzip, damage, limits."""

import gzip
import io
import resource
import subprocess
import sys

import pytest

from groundstate.errors import GroundstateError
from groundstate.text import HARMLESS_SIZE, decoded, open_text

TEXT = "id,smiles\r\nCafé,CCO\r\nmünze,CC\r\n"


def read(path, newline=""):
    with open_text(path, newline) as handle:
        return handle.read()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "latin-1", "cp1252"]
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_one_text_in_every_encoding(tmp_path, encoding, packed):
    path = tmp_path / "anything.dat"  # the name does not matter
    content = TEXT.encode(encoding)
    path.write_bytes(gzip.compress(content) if packed else content)
    assert read(path) == TEXT


def test_windows_quotes_and_mixed_lines(tmp_path):
    path = tmp_path / "mixed.txt"
    path.write_bytes("α é\n".encode() + b"\x93Caf\xe9\x94 \x81\n")
    assert read(path) == "α é\n“Café” \x81\n"


def test_utf8_character_across_blocks(tmp_path):
    path = tmp_path / "long.txt"
    text = ("é" * 1001 + "\n") * 200
    path.write_text(text, encoding="utf-8")
    assert read(path) == text


def test_the_locale_does_not_matter(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Café", encoding="utf-8")
    code = (
        f"from groundstate.text import open_text\nwith open_text({str(path)!r}) as f: print(ascii(f.read()))"
    )
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONPATH": ":".join(sys.path)}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.stdout == "'Caf\\xe9'\n", run.stderr


def test_members_of_a_packed_stream_stay_open():
    stream = io.BytesIO(gzip.compress(b"one\n") + gzip.compress(b"two\n"))
    with decoded(stream, "name") as text:
        assert text.read() == "one\ntwo\n"
    stream.seek(0)
    assert stream.read(2) == b"\x1f\x8b"


def cut(data):
    return data[:-12]


def flipped(data):
    return data[:-6] + bytes([data[-6] ^ 1]) + data[-5:]


def garbled(data):
    return data[:12] + b"\xff" * 8 + data[20:]


@pytest.mark.parametrize("damage", [cut, flipped, garbled])
def test_damaged_gzip_is_a_sentence(tmp_path, damage):
    path = tmp_path / "broken.smi.gz"
    path.write_bytes(damage(gzip.compress(TEXT.encode() * 100)))
    with pytest.raises(GroundstateError, match="the gzip file is broken or cut"):
        read(path)


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"BZh91AY", "bzip2"),
        (b"PK\3\4xx", "zip"),
        (b"PAR1xx", "Parquet"),
        (b"\x7fELF\0\1\2", "zero bytes"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, content, kind):
    path = tmp_path / "a.smi"
    path.write_bytes(content)
    with pytest.raises(GroundstateError, match=kind):
        read(path)


def test_absent_and_folder(tmp_path):
    with pytest.raises(GroundstateError, match="no such file"):
        read(tmp_path / "absent")
    with pytest.raises(GroundstateError, match="is a folder"):
        read(tmp_path)


def test_bomb_is_refused_in_bounded_memory(tmp_path):
    path = tmp_path / "bomb.smi.gz"
    with gzip.open(path, "wb", compresslevel=1) as handle:
        for _ in range(HARMLESS_SIZE // 2**20 + 20):
            handle.write(b"C\n" * 2**19)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(GroundstateError, match="looks like a bomb"), open_text(path) as handle:
        for _ in handle:
            pass
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KiB


def test_endless_line_is_refused(tmp_path):
    path = tmp_path / "line.smi"
    with path.open("wb") as handle:
        handle.truncate(2**30)  # a sparse file of zeros behind one letter
        handle.write(b"C" * 2**17)
    with pytest.raises(GroundstateError, match="a line is longer than"):
        read(path)
