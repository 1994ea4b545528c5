"""An unfinished download: ``FILE.part`` holds the bytes, ``FILE.part.json`` says where they come from."""

import contextlib
import errno
import fcntl
import json
import os
import sys
from pathlib import Path
from types import TracebackType
from typing import IO

from groundstate.errors import GroundstateError
from groundstate.files import naming

DESCRIPTION = ("url", "total", "etag", "modified")


class PartialFile:
    """Bytes of ``url`` that have come so far, held by one process at a time.

    An orphan of a killed run may still be downloading: the lock lets a second process wait for it instead
    of mixing two streams. A part of another address, or one whose description is damaged, is emptied.

    Attributes
    ----------
    size: bytes that have come
    total: bytes of the whole file, None while unknown
    etag, modified: what the server calls this version of the file
    """

    def __init__(self, output: Path, url: str) -> None:
        self.output, self.url = output, url
        self.path = output.with_name(f"{output.name}.part")
        self.description = output.with_name(f"{output.name}.part.json")
        self.size = 0
        self.total: int | None = None
        self.etag: str | None = None
        self.modified: str | None = None

    def __enter__(self) -> "PartialFile":
        """Take the lock, and up what an earlier attempt left; ``GroundstateError`` for a foreign part."""
        # the description is there before the part and goes after it
        if not self.description.exists() and self.path.exists() and not self.description.exists():
            raise GroundstateError(
                f"{self.path}: is there, and groundstate did not write it; move it away, or name another"
            )
        with naming(self.output):
            self._lock = _locked(self.description)
            self._body = self.path.open("ab", buffering=0)
        self.size = self._body.tell()
        if self.size and not self._recall(self._lock.read()):
            self.restart()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Give the lock back; an empty part leaves no files."""
        self._body.close()
        if self.size == 0:
            self.path.unlink(missing_ok=True)
            self.description.unlink(missing_ok=True)
        self._lock.close()

    def _recall(self, description: str) -> bool:
        """Whether the part is of this address; a kill may have cut the description short."""
        try:
            content = json.loads(description)
            url, self.total, self.etag, self.modified = (content[key] for key in DESCRIPTION)
        except (ValueError, TypeError, KeyError):
            return False
        return url == self.url and self.total is not None

    @property
    def complete(self) -> bool:
        """Whether the whole file is there (not yet verified)."""
        return bool(self.size) and self.size == self.total

    @property
    def validator(self) -> str | None:
        """What ``If-Range`` may carry: a strong ETag, or else the date (RFC 9110, 13.1.5)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def restart(self, total: int | None = None, etag: str | None = None, modified: str | None = None) -> None:
        """Empty the part and describe the version that comes next."""
        # In this order: a kill in between leaves an empty part, which is never resumed.
        self._body.truncate(0)
        self.size, self.total, self.etag, self.modified = 0, total, etag, modified
        text = json.dumps(dict(zip(DESCRIPTION, (self.url, total, etag, modified), strict=True)))
        self._lock.seek(0)
        self._lock.truncate()
        self._lock.write(text)
        self._lock.flush()

    def append(self, block: bytes) -> None:
        """Add bytes at the end; what was written before an error (a full disk) counts."""
        view = memoryview(block)
        while view:
            written = self._body.write(view)
            self.size += written
            view = view[written:]

    def finish(self) -> None:
        """Flush to disk and rename to the final name."""
        os.fsync(self._body.fileno())
        self.path.replace(self.output)
        self.size = 0


def _locked(path: Path) -> IO[str]:
    """Open ``path`` with an exclusive lock; wait, and say so, while another process has it."""
    while True:
        handle = path.open("a+", encoding="utf-8")
        with contextlib.ExitStack() as stack:
            stack.callback(handle.close)
            _lock(handle, path)
            # The process that had the lock has removed the file if it came to an end: then lock the new one.
            if path.exists() and os.path.samestat(os.fstat(handle.fileno()), path.stat()):
                handle.seek(0)
                stack.pop_all()
                return handle


def _lock(handle: IO[str], path: Path) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        name = path.name.removesuffix(".part.json")
        print(f"{name}: another process is downloading it; waiting for that one", file=sys.stderr, flush=True)
        fcntl.flock(handle, fcntl.LOCK_EX)
    except OSError as error:
        # Some cluster file systems are mounted without locks. Downloads still work there; the checksum is
        # then the only guard against an orphan that writes to the same part.
        if error.errno not in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
