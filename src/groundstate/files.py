"""Files that are whole or absent: temporary name, flush to disk, rename."""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError

# outputs that this process has claimed, with the text of its claims
_CLAIMS: dict[Path, str] = {}


def _claim_file(path: Path) -> Path:
    return path.parent / f".{path.name}.claim"


@contextlib.contextmanager
def claimed(paths: Sequence[Path]) -> Iterator[None]:
    """Claim outputs (files or folders) while the block runs; whoever claims last is the one that may write.

    A stage whose workflow was killed may live on. When its successor claims the same outputs,
    ``atomic_path`` refuses the older process: it can neither replace a newer result nor disturb its making.
    """
    text = f"process {os.getpid()}, {secrets.token_hex(8)}\n"
    mine = [Path(path).absolute() for path in paths]
    for path in mine:
        write_text(_claim_file(path), text)
        _CLAIMS[path] = text
    try:
        yield
    finally:
        for path in mine:
            if _holds(path):
                _claim_file(path).unlink()
            del _CLAIMS[path]


def _holds(claim: Path) -> bool:
    try:
        return _claim_file(claim).read_text(encoding="utf-8") == _CLAIMS[claim]
    except FileNotFoundError:  # a later process claimed it and is done
        return False


@contextlib.contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path`` and rename it into place when the block ends well.

    On an exception, or when the process is killed, ``path`` keeps its former content (or stays absent).
    The block may create a file or a folder at the temporary path; a folder replaces the old folder whole.
    Raises ``GroundstateError`` where another process has since claimed the output.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent))
    temporary = scratch / path.name
    try:
        yield temporary
        if temporary.is_dir():
            if path.is_dir():
                path.rename(scratch / "replaced")
        else:
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
        for claim in _CLAIMS.keys() & {path.absolute(), *path.absolute().parents}:
            if not _holds(claim):
                raise GroundstateError(f"{path}: not written, for a newer run has begun to write {claim}")
        temporary.replace(path)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` (UTF-8) to ``path`` atomically."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, value: object) -> None:
    """Write ``value`` as indented JSON with sorted keys, atomically; NaN is refused."""
    write_text(path, json.dumps(value, indent=2, sort_keys=True, allow_nan=False) + "\n")


def sha256_file(path: str | Path) -> str:
    """Hexadecimal sha256 of a file, read in blocks."""
    with Path(path).open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
