"""What a run computed, to compare two runs by: every result file, without times and machine."""

import json
import sys
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import torch

# what tells of the run and not of its result; the report shows times, too
TIMES = {"seconds", "computed_now", "workers", "wall_seconds", "from_cache"}
LEFT_OUT = {"provenance.json", "report.html"}


def _without_times(value: object) -> object:
    if isinstance(value, dict):
        return {key: _without_times(inner) for key, inner in value.items() if key not in TIMES}
    return [_without_times(inner) for inner in value] if isinstance(value, list) else value


@cache
def _content(path: Path, state: tuple[int, int, int]) -> object:
    """What is compared of a file; read once while inode, time and size stay the same."""
    if path.suffix == ".json":
        return _without_times(json.loads(path.read_text()))
    if path.suffix == ".parquet":
        table = pq.read_table(path)
        kept = table.select([name for name in table.column_names if name not in TIMES])
        return repr(kept.to_pylist())  # as text: NaN equals NaN
    if path.suffix == ".ckpt":
        weights = torch.load(path, weights_only=True)["state_dict"]
        return {name: value.numpy().tobytes() for name, value in weights.items()}
    if path.suffix == ".csv":
        text = path.read_text(encoding="utf-8", errors="surrogateescape")
        rows = [line.split(",") for line in text.splitlines()]
        kept = [index for index, name in enumerate(rows[0]) if name not in TIMES] if rows else []
        return [[row[index] for index in kept if index < len(row)] for row in rows]
    return path.read_bytes()


def contents(folder: Path) -> dict[str, object]:
    """Relative path -> comparable content of every result file below ``folder``.

    Hidden files and unfinished downloads (``.part``) are left out.
    """
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    named = ((path.relative_to(folder), path, path.stat()) for path in files)
    return {
        str(name): _content(path, (status.st_ino, status.st_mtime_ns, status.st_size))
        for name, path, status in named
        if path.name not in LEFT_OUT and ".part" not in path.name
        if not any(part.startswith(".") for part in name.parts)
    }


def assert_same_results(mine: Path, expected: Path) -> None:
    """Assert that two results folders hold the same files with the same content, bit for bit."""
    one, other = contents(mine), contents(expected)
    assert sorted(one) == sorted(other)
    differing = [name for name in one if one[name] != other[name]]
    assert not differing, f"{mine} and {expected} differ in {', '.join(differing)}"


if __name__ == "__main__":
    assert_same_results(Path(sys.argv[1]), Path(sys.argv[2]))
    print(f"{len(contents(Path(sys.argv[1])))} files of results, identical in both")
