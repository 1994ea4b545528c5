"""Archives from the package index: downloaded by pip with a checked hash, never installed or imported."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import naming, refuse_device
from groundstate.sources.checksums import Checksum
from groundstate.sources.settings import REQUIREMENT


def download(requirement: str, output: str | Path, checksum: Checksum | None) -> None:
    """Download the archive of ``requirement`` (``name==version``) to ``output``.

    An output that ends in ``.whl`` asks for the wheel, any other for the source archive. The sha256 is
    needed: pip runs the build script of a source archive for its metadata, but only after the hash matched.

    Raises ``GroundstateError`` when the index cannot be reached, has no such file, or has another one.
    """
    output = Path(output)
    if checksum is None or checksum.algorithm != "sha256":
        raise GroundstateError(f"{requirement}: a package from the index needs a sha256 checksum")
    if not re.fullmatch(REQUIREMENT, requirement):
        raise GroundstateError(f"{requirement!r} is not a pinned package: write name==version")
    refuse_device(output)
    output.parent.mkdir(parents=True, exist_ok=True)
    # A fixed name: what a killed run left behind is cleared by the next one. pip's own temporary files go
    # there too, so that a big archive needs room on one disk only.
    scratch = output.with_name(f".{output.name}.pip")
    shutil.rmtree(scratch, ignore_errors=True)
    with naming(output):
        (scratch / "tmp").mkdir(parents=True)
    try:
        archive = _run_pip(requirement, checksum, scratch, wheel=output.suffix == ".whl")
        checksum.verify(archive, requirement)
        with archive.open("rb+") as handle:
            os.fsync(handle.fileno())
        archive.replace(output)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _run_pip(requirement: str, checksum: Checksum, scratch: Path, wheel: bool) -> Path:
    name = requirement.split("==")[0]
    requirements, log, target = scratch / "requirements.txt", scratch / "pip.log", scratch / "archive"
    requirements.write_text(f"{requirement} --hash=sha256:{checksum.digest}\n", encoding="utf-8")
    command = [sys.executable, "-m", "pip", "download", "--no-deps", "--require-hashes", "--no-input"]
    command += ["--disable-pip-version-check", "--progress-bar", "off"]
    # Without build isolation pip needs nothing else from the index to prepare a source archive's metadata.
    command += ["--only-binary", ":all:"] if wheel else ["--no-binary", name, "--no-build-isolation"]
    command += ["--requirement", str(requirements), "--dest", str(target)]
    environment = os.environ | {"TMPDIR": str(scratch / "tmp"), "PYTHONWARNINGS": "ignore"}
    with log.open("wb") as handle:
        process = subprocess.Popen(command, stdout=handle, stderr=subprocess.STDOUT, env=environment)
        while (status := _wait(process)) is None:
            print(f"{requirement}: {_size(scratch) / 1e6:.1f} MB so far", file=sys.stderr, flush=True)
    if status != 0:
        said = log.read_text(encoding="utf-8", errors="replace")
        print(said, file=sys.stderr, flush=True)
        raise GroundstateError(_explain(requirement, checksum, said))
    (archive,) = target.iterdir()
    return archive


def _wait(process: subprocess.Popen, seconds: float = 5.0) -> int | None:
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    except BaseException:
        process.kill()
        raise


def _size(folder: Path) -> int:
    size = 0
    for file in folder.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # pip removes its temporary files meanwhile
            size += file.stat().st_size
    return size


def _explain(requirement: str, checksum: Checksum, said: str) -> str:
    """Put the usual failures of pip in one sentence each; pip's own words went to the log."""
    if "DO NOT MATCH THE HASHES" in said:
        actual = re.search(r"Got\s+([0-9a-f]{64})", said)
        return (
            f"{requirement}: the checksum does not match: expected {checksum}, "
            f"found {'sha256:' + actual[1] if actual else 'another'}; nothing was kept"
        )
    if re.search(r"Retrying \(|ConnectionError|ConnectTimeout|ReadTimeout|ProxyError|SSLError", said):
        return (
            f"{requirement}: the package index cannot be reached. Where there is no network, put the archive "
            "on this machine and give it as a source of kind 'path'"
        )
    if "(from versions: none)" in said:
        return f"{requirement}: the package index does not know this package in this form, or does not answer"
    if "No matching distribution found" in said:
        return f"{requirement}: the package index has other versions of this package, but not this one"
    if "No space left on device" in said:
        return f"{requirement}: no space is left on the disk"
    return f"{requirement}: pip could not download it; what it said is above"
