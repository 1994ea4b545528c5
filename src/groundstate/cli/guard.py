"""What holds for every command: options within bounds, outputs that may be written, faults as sentences."""

import errno
import functools
import itertools
import math
import os
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from groundstate import __version__
from groundstate.errors import GroundstateError
from groundstate.files import check_replaceable, claimed

OUTPUTS = ("output", "output_dir", "cif_dir")
STORES = ("cache",)  # read and written
BOUNDS = {
    "threads": (1, 1024),
    "workers": (1, 1024),
    "processes": (0, 1024),
    "seed": (0, 2**63 - 1),
    "steps": (1, 10**6),
    "num": (1, 10**7),
}
# What a command writes into its folder: a file of the user's of such a name is seen before any work.
TRAINED = ("best.ckpt", "last.ckpt", "training.csv", "provenance.json")
CRYSTAL_TABLES = ("summary.json", "crystals.csv", "rejected.csv")
PREPARED = ("records.parquet", "splits.csv", "rejected.csv")
WRITES: dict[str, tuple[str, ...]] = {
    "prepare molecules": (*PREPARED, "test.sdf", "summary.json"),
    "prepare crystals": (*PREPARED, "summary.json"),
    "prepare potential": PREPARED,
    "embed conformers": (
        *("conformers.parquet", "etkdg.sdf", "mmff.sdf", "lowest.sdf"),
        *("rejected.csv", "summary.json"),
    ),
    "label geometry": (
        *("ground_states.parquet", "ground_states.sdf", "minima.parquet"),
        *("rejected.csv", "summary.json"),
    ),
    "train geometry": TRAINED,
    "train crystals": (*TRAINED, "rejected.csv"),
    "train potential": TRAINED,
    "train property": (*TRAINED, "predictions.csv"),
    "score geometry": ("summary.json", "molecules.csv", "rejected.csv"),
    "score property": ("summary.json", "table.csv"),
    "score crystals": CRYSTAL_TABLES,
    "score prediction": CRYSTAL_TABLES,
    "score validity": CRYSTAL_TABLES,
    "score stability": (
        *(*CRYSTAL_TABLES, "crystals.parquet", "relaxed.extxyz"),
        *("reference_phases.csv", "phonon_cost.json", "figures"),
    ),
    "score potential": ("summary.json", "structures.csv", "scans.csv", "atoms.parquet", "rejected.csv"),
    "discover": (
        *("crystals.csv", "candidates.extxyz", "relaxed.extxyz", "rejected.csv"),
        *("summary.json", "discovery.html", "cifs", "figures"),
    ),
}
LARGEST = 10**9  # of any other number
FEW_BYTES = 1 << 20  # a disk with less is full


def guarded(command: Callable[..., None], name: str = "") -> Callable[..., None]:
    """Wrap a command in checks of its options and a claim on its outputs (``groundstate.files.claimed``).

    ``name``, such as ``score geometry``, tells what it writes into its folder.
    """

    @functools.wraps(command)
    def guarding(**values: object) -> None:
        check_options(values)
        outputs = {_option(name): Path(str(values[name])) for name in OUTPUTS if values.get(name)}
        # of processes that share a training only the first one writes; parts of a stage write side by side
        ranks = (os.environ.get(name, "0") for name in ("LOCAL_RANK", "SLURM_PROCID"))
        first = not values.get("shard") and all(rank == "0" for rank in ranks)
        mine = list(outputs.values()) if first else []
        with claimed(mine, _inputs(values), list(outputs)):
            for path, file in itertools.product(mine, WRITES.get(name, ())):
                check_replaceable(path / file)
            command(**values)

    return guarding


def check_options(values: Mapping[str, object]) -> None:
    """Raise ``GroundstateError`` for a number that is not finite or out of bounds, or no device or part."""
    from groundstate.settings import DEVICES  # slow to import; a command that runs needs it anyway
    from groundstate.shards import parse_shard

    for name, value in values.items():
        option = _option(name)
        if isinstance(value, bool) or value is None:
            continue
        for text in map(str, value if isinstance(value, list) else [value]):
            if not text.isascii() and text.encode("utf-8", "replace").decode() != text:
                raise GroundstateError(f"{option}: {text!a} is not UTF-8; rename it")
        if name == "device" and value not in DEVICES:
            raise GroundstateError(f"{option}: {value!r} is not one of {', '.join(DEVICES)}")
        if name == "shard":
            parse_shard(str(value))
        for number in value if isinstance(value, list) else [value]:
            if isinstance(number, int | float):
                low, high = BOUNDS.get(name, (-LARGEST, LARGEST))
                if not math.isfinite(number):
                    raise GroundstateError(f"{option}: {number} is not a finite number")
                if not low <= number <= high:
                    allowed = f"between {low} and {high}" if name in BOUNDS else f"at most {LARGEST}"
                    raise GroundstateError(f"{option}: {number} is not {allowed}")


def _option(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _inputs(values: Mapping[str, object]) -> list[Path]:
    """List the files that a command is given to read: paths, and those behind ``NAME=FILE``."""
    return [
        path
        for name, value in values.items()
        if name not in (*OUTPUTS, *STORES)
        for one in (value if isinstance(value, list) else [value])
        for path in _paths(one)
        if _is_file(path)
    ]


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # a name that is too long, or a folder that cannot be looked into
        return False


def _paths(value: object) -> Iterator[Path]:
    if isinstance(value, Path):
        yield value
    elif isinstance(value, str) and "\0" not in value and len(value) < 4096:
        yield Path(value.partition("=")[2] or value)


def use_a_cache_folder() -> None:
    """Let caches go to the working folder where the home folder cannot be written, and say so."""
    if os.environ.get("XDG_CACHE_HOME"):
        return
    try:
        home = Path.home() / ".cache"
    except RuntimeError:  # no HOME and no entry of the user
        home = Path("/nonexistent")
    if os.access(next(path for path in (home, *home.parents) if _is_seen(path)), os.W_OK | os.X_OK):
        return
    folder = Path.cwd() if os.access(Path.cwd(), os.W_OK | os.X_OK) else Path(tempfile.gettempdir())
    os.environ["XDG_CACHE_HOME"] = str(folder / ".cache")
    os.environ.setdefault("MPLCONFIGDIR", str(folder / ".cache/matplotlib"))
    sys.stderr.write(f"note: {home} cannot be written; caches go to {folder / '.cache'}\n")


def _is_seen(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:  # below a folder that may not be looked into
        return False


def os_sentence(error: OSError, arguments: Iterable[str] = ()) -> str:
    """Say what the system refused, where, and what to do."""
    where = f"{error.filename}: " if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return where + full_disk(arguments, error)
    advice = {
        errno.EACCES: "no permission; choose a folder that you may write to",
        errno.EPERM: "not permitted; choose a folder that you may write to",
        errno.EROFS: "the file system is read-only; choose another results folder",
        errno.ENOENT: "no such file or folder",
        errno.EEXIST: "is a file, a folder is wanted",
        errno.EISDIR: "is a folder, a file is wanted",
        errno.ENOTDIR: "a part of this path is a file, a folder is wanted",
        errno.ENAMETOOLONG: "the name is too long; choose a shorter one",
        errno.ELOOP: "a link that leads to itself; mend it",
        errno.ENOMEM: "not enough memory; use fewer workers or smaller batches",
        errno.EMFILE: "too many open files; raise `ulimit -n`",
    }
    return where + advice.get(error.errno or 0, error.strerror or str(error))


def full_disk(arguments: Iterable[str], error: OSError | None = None) -> str:
    """Say which disk is full: of the folders that a command names, or the one of temporary files."""
    names = [error.filename] if error is not None and error.filename else []
    full = {}
    for name in [
        *names,
        *(argument for argument in arguments if "\0" not in argument),
        tempfile.gettempdir(),
    ]:
        path = Path(str(name)).absolute()
        try:
            while not path.exists() and path != path.parent:
                path = path.parent
            space = os.statvfs(path)
        except OSError:
            continue
        if space.f_bavail * space.f_frsize < FEW_BYTES:
            while path != path.parent and path.stat().st_dev == path.parent.stat().st_dev:
                path = path.parent
            full[str(path)] = space.f_bavail * space.f_frsize
    where = ", ".join(f"the disk at {path} ({free} bytes free)" for path, free in full.items())
    quota = error is not None and error.errno == errno.EDQUOT
    what = "the disk quota is used up" if quota else "no space left"
    return f"{what} on {where or 'the device'}; free some or choose another results folder"


def last_sentence(error: Exception, arguments: list[str]) -> str:
    """Say what went wrong where nothing better is known, and keep the traceback in a file."""
    lines = str(error).strip().splitlines()
    text = f"{type(error).__name__}: {lines[0] if lines else 'no further word'}"
    if "No space left on device" in str(error) or "ENOSPC" in str(error):
        return full_disk(arguments)
    if isinstance(error, MemoryError) or "out of memory" in text.lower():
        return f"not enough memory ({text}); use fewer workers, smaller batches or a smaller input"
    report = f"groundstate {__version__}\narguments: {arguments}\n\n{traceback.format_exc()}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="groundstate-", suffix=".log", delete=False, encoding="utf-8", errors="replace"
        ) as handle:
            handle.write(report)
        kept = f"the traceback is in {handle.name}"
    except OSError:
        kept = "run again with --debug for the traceback"
    return f"{text}; an input that was not foreseen, or a fault of the program: {kept}"
