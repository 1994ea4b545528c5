"""What a command may write over: never its own inputs, and no folder that the program did not make."""

import csv
from collections.abc import Mapping
from pathlib import Path

from groundstate.errors import GroundstateError

TABLE = "files.csv"  # id -> file; a folder that it describes wholly is the program's own


def refuse_inputs(outputs: Mapping[str, Path | None], inputs: Mapping[str, Path | None]) -> None:
    """Raise ``GroundstateError`` where an output (by option) is an input, or a folder that holds one."""
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        for other, source in inputs.items():
            if source is not None and (_same(path, source) or _inside(source, path)):
                raise GroundstateError(f"{option} {path}: would write over {other} {source}; name another")
        for other, target in given.items():
            if option < other and (_same(path, target) or _inside(path, target) or _inside(target, path)):
                raise GroundstateError(f"{option} {path} and {other} {target}: name two that lie apart")


def _same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return one.resolve() == other.resolve()


def _inside(path: Path, folder: Path) -> bool:
    return folder.is_dir() and folder.resolve() in path.resolve().parents


def check_folder(folder: Path, option: str) -> None:
    """Raise ``GroundstateError`` where ``folder`` holds what its table does not name."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise GroundstateError(f"{option} {folder}: is a file; name a folder")
    entries = {entry.name for entry in folder.iterdir()}
    if not entries:
        return
    try:
        with (folder / TABLE).open(newline="", encoding="utf-8") as stream:
            own = {row["file"] for row in csv.DictReader(stream)}
    except (OSError, KeyError, UnicodeDecodeError, csv.Error):
        own = set()
    foreign = sorted(entries - own - {TABLE}) if own else sorted(entries)
    if foreign:
        raise GroundstateError(
            f"{option} {folder}: holds {foreign[0]}, which this program did not make, and would be replaced "
            "whole; name a new or empty folder"
        )
