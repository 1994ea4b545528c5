"""Checksums written as ``algorithm:digest``, and the record that a first download leaves beside its file."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import write_text

LENGTHS = {"sha256": 64, "md5": 32, "git-sha1": 40}
PATTERN = "^(" + "|".join(f"{name}:[0-9a-fA-F]{{{length}}}" for name, length in LENGTHS.items()) + ")$"


@dataclass(frozen=True)
class Checksum:
    """A digest and how to compute it: ``sha256``, ``md5`` or ``git-sha1`` (name of the git blob)."""

    algorithm: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> "Checksum":
        """Read ``sha256:...``, ``md5:...`` or ``git-sha1:...``; ``GroundstateError`` for anything else."""
        if not re.fullmatch(PATTERN, text):
            raise GroundstateError(
                f"checksum {text!r} is not one of "
                + ", ".join(f"{name}:<{length} hex digits>" for name, length in LENGTHS.items())
            )
        algorithm, digest = text.split(":")
        return cls(algorithm, digest.lower())

    @classmethod
    def of(cls, path: str | Path, algorithm: str = "sha256") -> "Checksum":
        """Checksum of a file, read in blocks."""
        with Path(path).open("rb") as handle:
            if algorithm == "git-sha1":
                hasher = hashlib.sha1(b"blob %d\0" % Path(path).stat().st_size, usedforsecurity=False)
                return cls(algorithm, hashlib.file_digest(handle, lambda: hasher).hexdigest())
            return cls(algorithm, hashlib.file_digest(handle, algorithm).hexdigest())

    def matches(self, path: str | Path) -> bool:
        """Whether the file at ``path`` has this checksum."""
        return Checksum.of(path, self.algorithm) == self

    def verify(self, path: str | Path, origin: str) -> None:
        """Raise ``GroundstateError`` when ``path``, which came from ``origin``, has another checksum."""
        actual = Checksum.of(path, self.algorithm)
        if actual != self:
            raise GroundstateError(
                f"{origin}: the checksum does not match: expected {self}, found {actual}. Either the file was"
                " changed at its source or the checksum in the config is wrong; nothing was kept"
            )

    def __str__(self) -> str:
        """Write as ``parse`` reads it."""
        return f"{self.algorithm}:{self.digest}"


def record_path(path: str | Path) -> Path:
    """Where the sha256 of a file without a published checksum is remembered: ``FILE.sha256``."""
    return Path(f"{path}.sha256")


def read_record(path: str | Path) -> Checksum | None:
    """Read the sha256 that an earlier download of ``path`` left, if there was one."""
    record = record_path(path)
    if not record.exists():
        return None
    digest = record.read_text(encoding="utf-8").split(" ", 1)[0].strip()
    if not re.fullmatch("[0-9a-f]{64}", digest):
        raise GroundstateError(f"{record} does not hold a sha256; delete it to record the file anew")
    return Checksum("sha256", digest)


def write_record(path: str | Path, checksum: Checksum) -> None:
    """Leave the sha256 of ``path`` beside it, in the format of ``sha256sum --check``."""
    write_text(record_path(path), f"{checksum.digest}  {Path(path).name}\n")
