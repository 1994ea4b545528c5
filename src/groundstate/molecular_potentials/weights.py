"""The AIMNet2 networks: fetched once from the package index by hash, kept in the user's cache.

Anstine, Zubatyuk and Isayev, Chem. Sci. 16, 10228 (2025), doi:10.1039/D4SC08572H; TorchScript files of the
wheel Auto3D 2.3.1 (MIT, Isayev Lab @ Carnegie Mellon), read as an archive and never installed or imported.
"""

import fcntl
import hashlib
import os
import tempfile
from pathlib import Path
from typing import NamedTuple

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.sources.archives import open_member
from groundstate.sources.checksums import Checksum
from groundstate.sources.index import download

REQUIREMENT = "Auto3D==2.3.1"
WHEEL = "Auto3D-2.3.1-py3-none-any.whl"
WHEEL_SHA256 = "bff5fbdd0d57b5a9d3d0d40ac4f6c10634cbc685c692a926c41e2e73f82a72f1"
FOLDER_VARIABLE = "GROUNDSTATE_CACHE"


class Weights(NamedTuple):
    """One TorchScript file of the wheel."""

    file: str
    sha256: str


NETWORK = Weights(
    "aimnet2_wb97m-d3_0.jpt", "a6d366b05c5997668f24a834584b4033d0cab67d13d2f8caf143b965018d3735"
)
ENSEMBLE = Weights(
    "aimnet2_wb97m_ens_f.jpt", "e34e147e3dd67bfe3e5ae8c2a2a097d59ff3a8260d98e42552004f710bb3a68b"
)


def read_weights(weights: Weights) -> bytes:
    """Read the file from the cache, or fetch it into it; a file of another sha256 is never used.

    Raises ``GroundstateError`` where it is not in the cache and cannot be fetched: it says which file to put
    where.
    """
    folder = cache_folder()
    path = folder / weights.file
    if (content := _verified(path, weights)) is not None:
        return content
    with (folder / ".lock").open("w") as lock:  # of several processes one fetches, the others wait
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (content := _verified(path, weights)) is None:
            _unpack(folder)
            content = _verified(path, weights)
    if content is None:
        raise GroundstateError(f"{path}: its sha256 is not {weights.sha256}; delete {folder} and try again")
    return content


def _verified(path: Path, weights: Weights) -> bytes | None:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    return content if hashlib.sha256(content).hexdigest() == weights.sha256 else None


def _unpack(folder: Path) -> None:
    """Both files from the wheel: one that the user put into ``folder``, else a downloaded one."""
    wheel, checksum = folder / WHEEL, Checksum("sha256", WHEEL_SHA256)
    given = wheel.exists() and checksum.matches(wheel)
    if not given:
        try:
            download(REQUIREMENT, wheel, checksum)
        except GroundstateError as error:
            raise GroundstateError(
                f"the AIMNet2 weights are not on this machine and could not be fetched ({error}). Put the "
                f"file {WHEEL} (sha256 {WHEEL_SHA256}) into {folder}, or set {FOLDER_VARIABLE} to a folder "
                "that has it"
            ) from None
    for weights in (NETWORK, ENSEMBLE):
        with (
            open_member(wheel, f"Auto3D/models/{weights.file}") as member,
            atomic_path(folder / weights.file) as temporary,
        ):
            temporary.write_bytes(member.read())
    if not given:
        wheel.unlink()


def cache_folder() -> Path:
    """Find the folder of fetched weights: ``GROUNDSTATE_CACHE``, the user's cache, or a temporary one.

    Raises ``GroundstateError`` where ``GROUNDSTATE_CACHE`` is set and may not be written to, or nothing may.
    """
    chosen = os.environ.get(FOLDER_VARIABLE)
    if chosen:
        if _usable(Path(chosen)):
            return Path(chosen)
        raise GroundstateError(f"{FOLDER_VARIABLE}: {chosen} may not be written to; choose another folder")
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    # a shared folder is safe here: a file is used only where its hash is right
    scratch = Path(tempfile.gettempdir()) / f"groundstate-{os.getuid()}"
    for folder in (Path(home) / "groundstate", scratch):
        if _usable(folder):
            return folder
    raise GroundstateError(
        f"no folder for the AIMNet2 weights may be written to; set {FOLDER_VARIABLE} to one"
    )


def _usable(folder: Path) -> bool:
    """Whether the folder is there or can be made, and can be written to, or holds the weights already."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):
        return False
    return os.access(folder, os.W_OK | os.X_OK) or all(
        (folder / w.file).exists() for w in (NETWORK, ENSEMBLE)
    )
