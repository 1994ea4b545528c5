"""The files of the workflow: where they lie, and a folder of a user's own laid out from them."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path

PACKAGE = Path(__file__).parent
INSTALLED = PACKAGE / "project"  # of a wheel
CLONE = PACKAGE.parents[1]  # of an editable install
PARTS = ("Snakefile", "workflow", "config", "profiles", "envs/groundstate.yaml")
OF_TESTS = Path("config/test.yaml")  # runs on data that only a clone has


def project_files() -> Iterator[tuple[Path, Path]]:
    """Give each file of the workflow with its place in a folder.

    Raises ``GroundstateError`` where the package was installed without them.
    """
    root = INSTALLED if INSTALLED.is_dir() else CLONE
    for part in PARTS:
        source = root / part
        if not source.exists():
            raise GroundstateError(
                f"{source}: this installation has no workflow; install groundstate again, or clone it"
            )
        for path in [source] if source.is_file() else sorted(source.rglob("*")):
            place = path.relative_to(root)
            if path.is_file() and place != OF_TESTS and "__pycache__" not in place.parts:
                yield path, place


def lay_out(folder: Path) -> list[Path]:
    """Write the workflow, its configuration and its profiles to ``folder``; return their places.

    Raises ``GroundstateError`` where one of the files is there already, and then writes none.
    """
    files = list(project_files())
    parents = {folder / parent for _, place in files for parent in place.parents}
    blocked = sorted(path for path in parents if os.path.lexists(path) and not path.is_dir())
    taken = [folder / place for _, place in files if os.path.lexists(folder / place)]
    if blocked or taken:
        raise GroundstateError(
            f"{[*blocked, *taken][0]}: is there already; name an empty folder, or move this one away"
        )
    for source, place in files:
        with atomic_path(folder / place) as temporary:
            shutil.copyfile(source, temporary)
    return [place for _, place in files]
