"""What a command may write over: never its own inputs."""

from collections.abc import Mapping
from pathlib import Path

from groundstate.errors import GroundstateError


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
