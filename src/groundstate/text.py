"""Text files as people have them: UTF-8, UTF-16 or Latin-1, with a byte order mark or not, plain or gzip."""

import codecs
import contextlib
import gzip
import io
import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, BinaryIO, TextIO, cast

from groundstate.errors import GroundstateError

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in collections.abc from Python 3.12 on

# Deflate reaches a ratio of about 1000; tables of numbers, SDF, SMILES and CIF stay below 30.
MAX_RATIO = 100
# Below this size nothing is taken for a bomb: very small files of repetitive text compress very well.
HARMLESS_SIZE = 32 * 2**20
# A longer line is no record of a molecule or crystal, and would have to be held in memory whole.
LONGEST_LINE = 16 * 2**20

BLOCK = 2**16
GZIP = b"\x1f\x8b"
_FALLBACK = "groundstate.latin1"
_MARKS = (  # UTF-32 before UTF-16: its mark begins with the other one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)
_PACKED = {
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"PK\x03\x04": "zip",
    b"\x28\xb5\x2f\xfd": "zstandard",
    b"PAR1": "Parquet",
    b"%PDF": "PDF",
}


@contextlib.contextmanager
def open_text(path: str | Path, newline: str | None = None) -> Iterator[TextIO]:
    """Open a text file for reading, whatever its encoding and whether gzip packed it or not.

    The first bytes decide, not the name: a gzip header means gzip, a byte order mark (or every second byte
    zero) UTF-16. Anything else is UTF-8, of which bytes that are none are read as Windows-1252, the superset
    of Latin-1 that spreadsheets write.

    Parameters
    ----------
    path
        The file.
    newline
        As of ``open``: ``""`` for the ``csv`` module, which wants line ends as they are.

    Raises
    ------
    GroundstateError
        For a file that is absent, a folder, not readable, not text, damaged, or larger than the limits: more
        than ``MAX_RATIO`` times its packed size, or with a line above ``LONGEST_LINE`` bytes.
    """
    path = Path(path)
    try:
        stream = path.open("rb")
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file") from None
    except IsADirectoryError:
        raise GroundstateError(f"{path}: is a folder; give the file") from None
    except OSError as error:
        raise GroundstateError(f"{path}: cannot be read: {error.strerror}") from None
    with stream:
        if stream.peek(2)[:2] == GZIP:
            _check_packed(stream, str(path))
        with decoded(stream, str(path), newline) as text:
            yield text


def _check_packed(stream: BinaryIO, name: str) -> None:
    """Unpack once for nothing: damage and bombs show before the first line is used, not hours later."""
    with gzip.GzipFile(fileobj=stream) as unpacked:
        watched = _Watched(cast(BinaryIO, unpacked), name, _size(stream))
        buffer = bytearray(2**20)
        while watched.readinto(buffer):
            pass
    stream.seek(0)


@contextlib.contextmanager
def decoded(stream: BinaryIO, name: str, newline: str | None = None) -> Iterator[TextIO]:
    """Read text from an open binary stream, as ``open_text`` does; ``name`` stands in the error sentences."""
    packed = io.BufferedReader(_Watched(stream, name, packed_size=None), BLOCK)
    with contextlib.ExitStack() as stack:
        stack.callback(packed.detach)  # the stream is the caller's to close
        plain = packed
        if packed.peek(2)[:2] == GZIP:
            size = _size(stream)
            unpacked = cast(BinaryIO, stack.enter_context(gzip.GzipFile(fileobj=packed)))
            plain = io.BufferedReader(_Watched(unpacked, name, packed_size=size), BLOCK)
            stack.callback(plain.detach)
        text = io.TextIOWrapper(plain, _encoding(plain.peek(BLOCK), name), _FALLBACK, newline)
        stack.callback(text.detach)
        yield text


def _size(stream: BinaryIO) -> int | None:
    try:
        return os.fstat(stream.fileno()).st_size
    except (OSError, AttributeError):
        return None


def _encoding(start: bytes, name: str) -> str:
    """Tell the encoding of a text that begins with ``start``; ``GroundstateError`` where this is no text."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    for magic, kind in _PACKED.items():
        if start.startswith(magic):
            raise GroundstateError(f"{name}: is a {kind} file, not text; unpack or convert it first")
    zeros = [start[offset::2].count(0) * 2 / max(len(start), 1) for offset in (0, 1)]
    if max(zeros) > 0.5 and min(zeros) < 0.1:
        return "utf-16-le" if zeros[1] > zeros[0] else "utf-16-be"
    if start.count(0) > len(start) // 10:
        raise GroundstateError(f"{name}: is not text (it holds zero bytes); is it another kind of file?")
    return "utf-8"


def _windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Decode what is no UTF-8 as Windows-1252 (Latin-1 where that has no character); refuse elsewhere."""
    if not isinstance(error, UnicodeDecodeError) or error.encoding != "utf-8":
        raise error
    bad = error.object[error.start : error.end]
    text = "".join(
        bytes([byte]).decode("cp1252", "ignore") or bytes([byte]).decode("latin-1") for byte in bad
    )
    return text, error.end


codecs.register_error(_FALLBACK, _windows_1252)


class _Watched(io.RawIOBase):
    """A byte stream that turns damage into sentences and stops where it gives too much."""

    def __init__(self, stream: IO[bytes], name: str, packed_size: int | None) -> None:
        self.stream, self.name, self.packed_size = stream, name, packed_size
        self.count = self.line = 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill ``buffer`` as far as one read goes; 0 at the end."""
        view = memoryview(buffer)
        try:
            data = self.stream.read(len(view))
        except (EOFError, gzip.BadGzipFile, zlib.error) as error:
            raise GroundstateError(
                f"{self.name}: the gzip file is broken or cut ({error}); fetch it again"
            ) from None
        self.count += len(data)
        if self.packed_size is not None and self.count > max(HARMLESS_SIZE, MAX_RATIO * self.packed_size):
            raise GroundstateError(
                f"{self.name}: refused: {self.packed_size} bytes unpack to {self.count} or more, which looks"
                f" like a bomb (more than {MAX_RATIO} times); unpack it yourself if it is meant"
            )
        end = max(data.rfind(b"\n"), data.rfind(b"\r"))
        self.line = self.line + len(data) if end < 0 else len(data) - end - 1
        if self.line > LONGEST_LINE:
            raise GroundstateError(
                f"{self.name}: a line is longer than {LONGEST_LINE} bytes; is it another kind of file?"
            )
        view[: len(data)] = data
        return len(data)
