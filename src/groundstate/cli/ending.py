"""What a command says when it is done: how much came out, where it lies, what was left out and where."""

from pathlib import Path


def ending(written: int, total: int, what: str, output: Path, rejected: Path | None = None) -> str:
    """Say how many of ``total`` are in ``output``, and where the reasons for the others stand."""
    missing = total - written
    told = f", {missing} rejected, see {rejected}" if missing and rejected is not None else ""
    return f"{written} of {total} {what} written to {output}{told}"
