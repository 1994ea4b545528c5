"""Snakemake's lock on a working folder, released where the run that set it is dead."""

import json
import os
import shutil
import socket
from pathlib import Path

from groundstate.files import is_running, write_text

OWNERS = Path(".snakemake/groundstate")  # a file for every run that began here: host, process, its start
LOCKS = Path(".snakemake/locks")


def _started(process: int) -> str:
    """Tell a process from a later one with the same number: its start in ticks since the machine's."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return ""


def _identity(process: int) -> dict[str, object]:
    return {"host": socket.gethostname(), "process": process, "started": _started(process)}


def register_run(folder: Path) -> str | None:
    """Note that this process runs the workflow in ``folder``, and release the lock of dead runs.

    Gives one sentence where a lock was released, or was perhaps set by a run on another machine, whose
    processes cannot be seen from here. A lock stays there, where a run of this folder lives, and where nobody
    knows who set it.
    """
    alive = False
    elsewhere: list[str] = []
    dead: list[Path] = []
    for path in sorted((folder / OWNERS).glob("*.json")):
        try:
            owner = json.loads(path.read_text(encoding="utf-8"))
            process, same_host = int(owner["process"]), owner["host"] == socket.gethostname()
        except (OSError, ValueError, LookupError, TypeError):
            alive = True
            continue
        if same_host and not (is_running(process) and _identity(process) == owner):
            dead.append(path)
        else:
            alive = alive or process != os.getpid()
            elsewhere += [] if same_host else [str(owner["host"])]
    locks = folder / LOCKS
    locked = locks.is_dir() and any(locks.iterdir())
    released = bool(dead) and not alive and locked
    if released:
        shutil.rmtree(locks)
    for path in dead:
        path.unlink(missing_ok=True)
    write_text(folder / OWNERS / f"{os.getpid()}.json", json.dumps(_identity(os.getpid())))
    if locked and elsewhere:
        return (
            f"{locks}: a run on {', '.join(sorted(set(elsewhere)))} may have locked this folder; where none "
            "runs there any more, `snakemake --unlock` releases it"
        )
    if not released:
        return None
    return (
        f"{folder / LOCKS}: the run that locked this folder is dead; its lock is released, this run goes on"
    )
