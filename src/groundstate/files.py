"""Files that are whole or absent: temporary name, flush to disk, rename."""

import contextlib
import glob
import hashlib
import itertools
import json
import os
import re
import secrets
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from groundstate.errors import GroundstateError

# outputs that this process has claimed, with the text of its claims; and the files that it reads
_CLAIMS: dict[Path, str] = {}
_READ: set[Path] = set()
MADE = ".groundstate"  # in a folder: what this program wrote there for a user, a JSON list per line


def _claim_file(path: Path) -> Path:
    return path.parent / f".{path.name}.claim"


@contextlib.contextmanager
def claimed(
    paths: Sequence[Path], inputs: Sequence[Path] = (), options: Sequence[str] = ()
) -> Iterator[None]:
    """Claim outputs (files or folders) while the block runs; whoever claims last is the one that may write.

    A stage whose workflow was killed may live on. When its successor claims the same outputs,
    ``atomic_path`` refuses the older process: it can neither replace a newer result nor disturb its making.
    What dead processes left half-written beside the outputs and in them is cleared.

    Parameters
    ----------
    paths
        Outputs of a user's command. What lies there is replaced only where this program made it.
    inputs
        Files that are never replaced.
    options
        How the command calls its outputs, for errors.

    Raises ``GroundstateError`` where an output is an input, or is there and was not made by this program.
    """
    text = f"process {os.getpid()}, {secrets.token_hex(8)}\n"
    mine = [Path(path).absolute() for path in paths]
    _READ.update(Path(os.path.realpath(path)) for path in inputs)
    try:
        for path, option in itertools.zip_longest(mine, options[: len(mine)], fillvalue="--output"):
            path = Path(path)
            if not path.is_dir():
                check_replaceable(path, str(option))
                check_replaceable(rejected_file(path), str(option))
            _clear_dead_scratch(path)
            with naming(path):
                write_text(_claim_file(path), text)
            _CLAIMS[path] = text
        yield
    finally:
        for path in [path for path in mine if path in _CLAIMS]:
            if _holds(path):
                _claim_file(path).unlink()
            del _CLAIMS[path]
        _READ.clear()


@contextlib.contextmanager
def naming(path: Path) -> Iterator[None]:
    """Let what the system refuses name the output that was asked for, not the file made on the way to it."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def refuse_device(path: Path) -> None:
    """Raise ``GroundstateError`` where ``path`` is, or a link leads to, a device, a pipe or a socket.

    A rename would put a file in its place, for every program of this machine.
    """
    try:
        there = path.stat().st_mode
    except OSError:  # nothing there, or what the writing itself will say
        there = stat.S_IFREG
    if not (stat.S_ISREG(there) or stat.S_ISDIR(there)) or path.absolute().parent == Path("/dev"):
        raise GroundstateError(f"{path}: is a device or a pipe, not a file, and stays as it is; name a file")


def check_replaceable(path: Path, option: str = "--output") -> None:
    """Raise ``GroundstateError`` where ``path`` is read by this command, or was not made by this program."""
    refuse_device(path)
    if Path(os.path.realpath(path)) in _READ:
        raise GroundstateError(
            f"{path}: is an input of this command and would be replaced; name another {option}"
        )
    if os.path.lexists(path) and _record(path) not in _records(path.parent) and not _is_empty_folder(path):
        raise GroundstateError(
            f"{path}: is there, and groundstate did not write it (or it was changed since); "
            f"name another {option}, or move this one away"
        )


def rejected_file(output: str | Path) -> Path:
    """Name the table of what is not in a file: ``x.rejected.csv`` for ``x.sdf``, else its whole name before.

    So no two outputs in a folder share a table.
    """
    output = Path(output)
    stem = output.stem if output.suffix == ".sdf" else output.name
    return output.with_name(f"{stem}.rejected.csv")


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not any(path.iterdir())


def _record(path: Path) -> list[object]:
    """Give what tells a file or folder of this program from a later one: its size, its names."""
    if path.is_dir():
        names = sorted(str(one.relative_to(path)) for one in path.rglob("*") if not one.name.startswith("."))
        return [path.name, hashlib.sha256("\n".join(names).encode("utf-8", "surrogatepass")).hexdigest()[:16]]
    return [path.name, path.lstat().st_size]


def _records(folder: Path) -> list[object]:
    try:
        lines = (folder / MADE).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    records = []
    for line in lines:
        with contextlib.suppress(ValueError):
            records.append(json.loads(line))
    return records


def _write_record(path: Path, folder: Path) -> None:
    record = _record(path)
    if record not in _records(folder):
        # one short write in append mode: processes that share a folder do not disturb each other
        with (folder / MADE).open("a", encoding="utf-8") as handle:
            handle.write(json.dumps(record) + "\n")


def _scratch_prefix(name: str) -> str:
    """Give the start of a temporary folder's name: whose it is, to tell when its process is gone."""
    host = hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]
    return f".{name}.{host}-{os.getpid()}."


def _clear_dead_scratch(path: Path) -> None:
    """Remove the temporary folders of dead processes of this machine beside an output and in it."""
    beside = path.parent.glob(f".{glob.escape(path.name)}.*.part") if path.parent.is_dir() else ()
    inside = path.glob(".*.part") if path.is_dir() else ()
    for folder in [*beside, *inside]:
        match = re.fullmatch(r"\..*\.([0-9a-f]{8})-([0-9]+)\.\w+\.part", folder.name)
        if match and _scratch_prefix("").startswith(f"..{match[1]}-") and not is_running(int(match[2])):
            shutil.rmtree(folder, ignore_errors=True)


def is_running(process: int) -> bool:
    """Tell whether a process of this machine runs; one that has ended and is not yet waited for does not."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # of another user
        return True
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (OSError, IndexError):
        return True


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
    Raises ``GroundstateError`` where a device or a pipe is there, where another process has since claimed the
    output, and, for the outputs of a command and what it writes into them, where something lies there that
    this program did not make.
    """
    path = Path(path)
    refuse_device(path)
    tables = {claim for claim in _CLAIMS if rejected_file(claim) == path.absolute()}
    claims = tables | (_CLAIMS.keys() & {path.absolute(), *path.absolute().parents})
    # deeper in a claimed folder, or hidden in it, is what only this program has: finished pieces
    outer = {path.absolute(), path.absolute().parent} & claims
    recorded = bool(tables or outer) and (path.absolute() in claims or not path.name.startswith("."))
    if recorded:
        check_replaceable(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    with naming(path):
        scratch = Path(tempfile.mkdtemp(prefix=_scratch_prefix(path.name), suffix=".part", dir=path.parent))
    temporary = scratch / path.name
    try:
        yield temporary
        if temporary.is_dir():
            if path.is_dir():
                path.rename(scratch / "replaced")
        else:
            with temporary.open("rb+") as handle:
                os.fsync(handle.fileno())
        for claim in claims:
            if not _holds(claim):
                raise GroundstateError(f"{path}: not written, for a newer run has begun to write {claim}")
        if recorded:
            _write_record(temporary, path.parent)
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
