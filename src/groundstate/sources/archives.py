"""Members of wheels, zips and tarballs as streams, without extracting anything.

Archives come from other people. Before a member is read, the names and types of all members are checked:
absolute paths, ``..``, links, devices, two members of one name, and bombs refuse the archive as a whole.
"""

import bz2
import contextlib
import gzip
import io
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO, TYPE_CHECKING, cast

from groundstate.errors import GroundstateError
from groundstate.text import HARMLESS_SIZE, MAX_RATIO

if TYPE_CHECKING:
    from typing_extensions import Buffer  # in collections.abc from Python 3.12 on

Members = Generator[tuple[str, IO[bytes]], None, None]
_DAMAGE = (EOFError, zipfile.BadZipFile, zlib.error, tarfile.TarError, gzip.BadGzipFile, NotImplementedError)


def list_members(archive: str | Path, suffix: str = "") -> list[str]:
    """Sorted names of the files in ``archive`` that end in ``suffix``; the whole archive is checked.

    Raises ``GroundstateError`` for a missing, empty, damaged or unsafe archive.
    """
    return sorted(name for name, _ in read_members(archive) if name.endswith(suffix))


@contextlib.contextmanager
def open_member(archive: str | Path, name: str) -> Iterator[io.BufferedReader]:
    """Open the file ``name`` of ``archive`` as a readable binary stream.

    Damage that shows up while reading (a cut archive, a wrong CRC) raises ``GroundstateError`` too.
    For many members use ``read_members``: it goes through the archive once.
    """
    if name not in (names := list_members(archive)):
        near = [other for other in names if other.endswith("/" + name)] or names
        listed = ", ".join(near[:5]) + (", ..." if len(near) > 5 else "")
        raise GroundstateError(f"{archive} has no member {name!r}; it has {listed or 'no files at all'}")
    members = read_members(archive)
    try:
        yield next(stream for member, stream in members if member == name)
    finally:
        members.close()


def read_members(
    archive: str | Path, suffix: str = ""
) -> Generator[tuple[str, io.BufferedReader], None, None]:
    """Pairs (name, stream) of the files whose name ends in ``suffix``, in the order of the archive.

    A stream is good until the next pair is asked for.
    """
    archive = Path(archive)
    with _sentences(str(archive)):
        with archive.open("rb") as handle:
            magic = handle.read(4)
        if not magic:
            raise GroundstateError(f"{archive} is empty")
        if magic[:2] == b"PK":
            members = _read_zip(archive)
        elif magic[:2] == b"\x1f\x8b":
            members = _read_tar(archive, gzip.GzipFile)
        elif magic[:3] == b"BZh":
            members = _read_tar(archive, bz2.BZ2File)
        else:
            raise GroundstateError(f"{archive} is not a zip, wheel, tar.gz or tar.bz2 archive")
    with contextlib.closing(members):
        while True:
            with _sentences(str(archive)):
                pair = next(members, None)
            if pair is None:
                return
            name, stream = pair
            if name.endswith(suffix):
                yield name, io.BufferedReader(_Guarded(stream, f"{archive}, member {name}"), 2**16)


def _read_zip(archive: Path) -> Members:
    with zipfile.ZipFile(archive) as handle:
        members = handle.infolist()
        _check_names(archive, (member.filename for member in members))
        for member in members:
            kind = stat.S_IFMT(member.external_attr >> 16)
            if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
                raise GroundstateError(_refusal(archive, member.filename, "is a link or a device"))
            if member.flag_bits & 1:
                raise GroundstateError(_refusal(archive, member.filename, "is encrypted"))
        # ZipExtFile never gives more than the declared size, so the declared sizes bound what is read.
        _check_size(archive, sum(member.file_size for member in members))
        for member in members:
            if not member.is_dir():
                with handle.open(member) as stream:
                    yield member.filename, stream


def _read_tar(archive: Path, unpack: type[gzip.GzipFile] | type[bz2.BZ2File]) -> Members:
    seen: set[str] = set()
    with contextlib.ExitStack() as stack:
        counter = _Counted(cast(IO[bytes], stack.enter_context(unpack(archive))), archive)
        counted = stack.enter_context(io.BufferedReader(counter, 2**16))
        with tarfile.open(fileobj=counted, mode="r|") as handle:
            end = 0
            for member in handle:
                handle.members.clear()  # type: ignore[attr-defined]  # the stub lacks it; a stream is read once: what lies behind would only fill the memory
                _check_names(archive, [member.name], seen)
                if not (member.isreg() or member.isdir()) or member.issparse():
                    raise GroundstateError(_refusal(archive, member.name, "is a link or a device"))
                end = member.offset_data + member.size
                _check_size(archive, end)
                if (stream := handle.extractfile(member)) is not None:
                    with stream:
                        yield member.name, stream
        while counted.read(2**16):  # to the end, where gzip and bzip2 compare their checksums
            pass
        if counter.count < end:
            raise EOFError("the last member is cut")


def _check_names(archive: Path, names: Iterable[str], seen: set[str] | None = None) -> None:
    """Refuse names that lead out of a folder on any system, and names that occur twice."""
    seen = set() if seen is None else seen
    for name in names:
        posix, windows = PurePosixPath(name), PureWindowsPath(name)
        if posix.is_absolute() or windows.drive or windows.root:
            raise GroundstateError(_refusal(archive, name, "is an absolute path"))
        if ".." in posix.parts or ".." in windows.parts:
            raise GroundstateError(_refusal(archive, name, "leads out of the archive"))
        if str(posix) in seen:
            raise GroundstateError(_refusal(archive, name, "occurs twice"))
        seen.add(str(posix))


def _check_size(archive: Path, size: int) -> None:
    packed = archive.stat().st_size
    if size > max(HARMLESS_SIZE, MAX_RATIO * packed):
        raise GroundstateError(
            f"{archive} is refused: {packed} bytes unpack to {size} or more, which looks like a bomb"
            f" (more than {MAX_RATIO} times)"
        )


def _refusal(archive: Path, name: str, why: str) -> str:
    return f"{archive} is refused: its member {name!r} {why}"


@contextlib.contextmanager
def _sentences(where: str) -> Iterator[None]:
    """Turn what the decompressors raise on a damaged file into one sentence."""
    try:
        yield
    except FileNotFoundError:
        raise GroundstateError(f"{where} does not exist") from None
    except _DAMAGE as error:
        raise GroundstateError(f"{where} is damaged or cut: {error}") from error
    except OSError as error:  # bz2 reports damage as a bare OSError without a number
        if error.errno is not None:
            raise
        raise GroundstateError(f"{where} is damaged or cut: {error}") from error


class _Counted(io.RawIOBase):
    """A decompressed stream that stops when it has given too much."""

    def __init__(self, stream: IO[bytes], archive: Path) -> None:
        self.stream, self.archive, self.count = stream, archive, 0

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill ``buffer`` as far as one read goes; 0 at the end."""
        view = memoryview(buffer)
        data = self.stream.read(len(view))
        self.count += len(data)
        _check_size(self.archive, self.count)
        view[: len(data)] = data
        return len(data)


class _Guarded(io.RawIOBase):
    """A member's stream whose errors are sentences that name archive and member."""

    def __init__(self, stream: IO[bytes], where: str) -> None:
        self.stream, self.where = stream, where

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: "Buffer") -> int:
        """Fill ``buffer`` as far as one read goes; 0 at the end."""
        view = memoryview(buffer)
        with _sentences(self.where):
            data = self.stream.read(len(view))
        view[: len(data)] = data
        return len(data)
