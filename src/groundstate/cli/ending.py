"""What a command says when it is done: how much came out, where it lies, what was left out and where."""

from pathlib import Path


def ending(written: int, total: int, what: str, output: Path, rejected: Path | None = None) -> str:
    """Say how many of ``total`` are in ``output``, and where the reasons for the others stand."""
    missing = total - written
    told = f", {missing} rejected, see {rejected}" if missing and rejected is not None else ""
    return f"{written} of {total} {what} written to {output}{told}"


def part_ending(part: tuple[int, int], counted: int, what: str) -> str:
    """Say what one part (the K-th of N) did; its results are kept for the run that collects all parts."""
    return f"part {part[0]} of {part[1]}: {counted} {what} done; the run without --shard collects all parts"
