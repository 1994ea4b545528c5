"""Files of crystals, CIF (of one or many blocks) or POSCAR: one, a folder of them, or that as an archive."""

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path, PurePosixPath

from groundstate.crystals.cif.read import MAX_TEXT, Block, read_blocks
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers import poscar
from groundstate.crystals.dataset.readers.item import Read, guarded, rejected
from groundstate.errors import GroundstateError
from groundstate.files import MADE
from groundstate.names import TABLE, as_utf8
from groundstate.records import Rejection
from groundstate.sources.archives import read_members
from groundstate.text import decoded, open_text

NAME = re.compile(r"(.+)\.m?cif(\.gz|\.txt)?", re.IGNORECASE)


def read_cif(path: Path) -> Read:
    """Read every file of a folder or archive, or one file.

    Ids are file names without suffix, in a folder with the path where a name occurs twice; with more than
    one crystal in a file the name of the block follows. A ``files.csv`` beside the files gives their ids.
    Files that are neither CIF nor POSCAR by their name are rejected.
    """
    if path.is_dir():
        files = {
            as_utf8(file.relative_to(path).as_posix()): file
            for file in sorted(path.rglob("*"))
            if file.name != MADE and not file.is_dir()
        }
        tables = {name: _open(file) for name, file in files.items() if PurePosixPath(name).name == TABLE}
        yield from _many(path, list(files), tables, ((name, _open(file)) for name, file in files.items()))
    elif is_crystal_file(path.name):
        with open_text(path) as lines:
            text = lines.read(MAX_TEXT + 1)
        yield from _crystals(text, _stem(path.name), path.name)
    else:
        names, tables = [], {}
        for name, stream in read_members(path):
            name = as_utf8(name)
            names.append(name)
            if PurePosixPath(name).name == TABLE:
                tables[name] = _decode(stream, f"{path}, {name}")
        members = (
            (plain, _decode(stream, f"{path}, {plain}"))
            for name, stream in read_members(path)
            for plain in [as_utf8(name)]
        )
        yield from _many(path, names, tables, members)


def is_crystal_file(name: str) -> bool:
    """Say whether a file is a CIF or a POSCAR by its name."""
    return bool(NAME.fullmatch(name) or poscar.NAME.fullmatch(name))


def _open(file: Path) -> str | GroundstateError:
    if file.exists() and not file.is_file():
        return GroundstateError(f"{file}: is no regular file")
    try:
        with open_text(file) as stream:
            return stream.read(MAX_TEXT + 1)
    except GroundstateError as error:
        return error


def _decode(member: io.BufferedReader, name: str) -> str | GroundstateError:
    try:
        with decoded(member, name) as stream:
            return stream.read(MAX_TEXT + 1)
    except GroundstateError as error:
        return error


def _many(
    path: Path,
    names: list[str],
    tables: Mapping[str, str | GroundstateError],
    files: Iterator[tuple[str, str | GroundstateError]],
) -> Read:
    """Read (name, text) of the files of a folder or archive; ``tables`` are those named files.csv."""
    if not any(is_crystal_file(PurePosixPath(name).name) for name in names):
        raise GroundstateError(f"{path}: no file ends in .cif, nor is one a POSCAR")
    given = _given_ids(tables)
    ids = _ids(names) | given
    for name, text in files:
        if name in tables and given:
            continue
        if not is_crystal_file(PurePosixPath(name).name):
            yield rejected(name, "its name does not end in .cif, .cif.gz, .mcif or .vasp, nor is it POSCAR")
        elif isinstance(text, GroundstateError):
            yield rejected(ids[name], as_utf8(str(text)))
        else:
            yield from _crystals(text, ids[name], PurePosixPath(name).name)
    for name in sorted(given.keys() - set(names)):
        yield rejected(given[name], f"files.csv names {name}, which is not there")


def _given_ids(tables: Mapping[str, str | GroundstateError]) -> dict[str, str]:
    """Return file -> id of the tables that ``generate crystals`` writes; of other tables nothing."""
    ids: dict[str, str] = {}
    for name, text in tables.items():
        if isinstance(text, str):
            rows = csv.DictReader(io.StringIO(text, newline=""))
            if rows.fieldnames == ["id", "file"]:
                folder = PurePosixPath(name).parent
                ids |= {str(folder / row["file"]): row["id"] for row in rows if row["id"] and row["file"]}
    return ids


def _stem(name: str) -> str:
    match = NAME.fullmatch(name)
    return match.group(1) if match else poscar.stem(name)


def _ids(names: list[str]) -> dict[str, str]:
    """Return an id for each file: its stem; its path where others have the stem; else with the suffix too."""
    stems = {name: _stem(PurePosixPath(name).name) for name in names}
    paths = {name: str(PurePosixPath(name).with_name(stems[name])) for name in names}
    twice, still = Counter(stems.values()), Counter(paths.values())
    return {
        name: stems[name] if twice[stems[name]] == 1 else paths[name] if still[paths[name]] == 1 else name
        for name in names
    }


def _crystals(text: str, stem: str, file: str) -> Read:
    if not NAME.fullmatch(file):
        yield guarded(stem, partial(poscar.read_poscar, text, stem))
        return
    try:
        blocks = read_blocks(text)
    except ValueError as error:
        yield rejected(stem, str(error))
        return
    for name, block in zip(_block_ids(blocks, stem), blocks, strict=True):
        yield _one(name, block)


def _one(name: str, block: Block) -> Crystal | Rejection:
    return guarded(name, partial(block.read, name))


def _block_ids(blocks: list[Block], stem: str) -> list[str]:
    if len(blocks) == 1:
        return [stem]
    names = [f"{stem}-{block.name or index}" for index, block in enumerate(blocks, 1)]
    twice = Counter(names)
    return [name if twice[name] == 1 else f"{name}-{index}" for index, name in enumerate(names, 1)]
