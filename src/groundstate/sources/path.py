"""Local files: a copy, or one zip with the same bytes for the same folder."""

import shutil
import zipfile
from pathlib import Path

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.progress import Progress
from groundstate.sources.checksums import Checksum


def copy(location: str | Path, output: str | Path, checksum: Checksum | None = None) -> None:
    """Copy the file at ``location`` to ``output``, or pack the folder there into one zip.

    Raises ``GroundstateError`` for what is missing, empty, unreadable, a device, or has another checksum.
    """
    source = Path(location).expanduser()
    if not source.exists():
        raise GroundstateError(f"{location} does not exist (looked for {source.absolute()})")
    if not (source.is_file() or source.is_dir()):
        raise GroundstateError(f"{location} is neither a file nor a folder")
    if source.is_file() and source.stat().st_size == 0:
        raise GroundstateError(f"{location} is empty")
    try:
        with atomic_path(output) as temporary:
            if source.is_dir():
                _pack(source, temporary)
            else:
                shutil.copyfile(source, temporary)
            if checksum:
                checksum.verify(temporary, str(location))
    except PermissionError as error:
        if error.filename and Path(error.filename).is_relative_to(source):
            raise GroundstateError(f"{error.filename} cannot be read: permission denied") from None
        raise


def _pack(folder: Path, output: Path) -> None:
    """Zip ``folder``: sorted names, one date, no compression (that depends on the zlib version)."""
    names = sorted(
        file.relative_to(folder).as_posix()
        for file in folder.rglob("*")
        if file.is_file() and not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    if not names:
        raise GroundstateError(f"{folder} holds no files")
    progress = Progress(f"pack {folder.name}", len(names), "files")
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for name in names:
            info = zipfile.ZipInfo(name, date_time=(1980, 1, 1, 0, 0, 0))
            info.external_attr = 0o100644 << 16
            with (folder / name).open("rb") as source, archive.open(info, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, 2**20)
            progress.update()
