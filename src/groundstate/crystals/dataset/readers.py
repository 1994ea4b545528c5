"""Crystals out of files: the FLLA table, CSV with CIF text, extxyz, folders of CIFs.

A reader yields a ``Crystal`` or a ``Rejection`` for each record, so that one bad record never costs another.
Only a file that is not what it claims to be (absent, empty, cut, other columns) raises ``GroundstateError``.
"""

import ast
import contextlib
import csv
import gzip
import io
import re
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import ase.io
import numpy as np

from groundstate.crystals.crystal import Crystal, number_of
from groundstate.crystals.dataset.cif import read_any
from groundstate.errors import GroundstateError
from groundstate.records import Rejection
from groundstate.sources.archives import open_member, read_members

STAGE = "prepare"
FLLA_MEMBER = "matminer-0.3.9/matminer/datasets/flla_2015.csv"
# What a parser raises on a damaged record; anything else is a defect of the program and must be seen.
DAMAGE = (ValueError, TypeError, KeyError, IndexError, SyntaxError, AttributeError, AssertionError)
Read = Iterator[Crystal | Rejection]


@contextlib.contextmanager
def _open_text(path: Path) -> Iterator[io.TextIOBase]:
    """A text stream over a plain or gzipped file; damage becomes a sentence."""
    opener = gzip.open if path.name.endswith(".gz") else open
    try:
        with opener(path, "rt", encoding="utf-8", newline="") as stream:
            yield stream
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise GroundstateError(f"{path}: damaged or cut ({error}); fetch it again") from None
    except UnicodeDecodeError as error:
        raise GroundstateError(f"{path}: not a text file ({error.reason} at byte {error.start})") from None


def _table(
    stream: io.TextIOBase, path: Path, needed: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    """Numbered rows of a CSV (``#`` comments before the header are skipped); a missing column is an error."""
    csv.field_size_limit(2**31 - 1)
    start = stream.readline()
    while start.startswith("#"):
        start = stream.readline()
    if not start.strip():
        raise GroundstateError(f"{path}: the file is empty")

    def lines() -> Iterator[str]:
        yield start
        yield from stream

    reader = csv.DictReader(lines(), strict=True)
    try:
        names = reader.fieldnames or []
        if missing := [name for name in needed if not any(one in names for one in name.split("|"))]:
            wanted = missing[0].replace("|", " or ")
            raise GroundstateError(f"{path}: no column {wanted}; it has {', '.join(names[:12])}")
        count, row = 0, {}
        for count, row in enumerate(reader, 1):
            if None in row.values():
                break  # a short row: the last one of a cut file, or a damaged one
            yield count, row
        if count == 0:
            raise GroundstateError(f"{path}: the file has a header but no rows")
        if None in row.values():
            raise GroundstateError(
                f"{path}: row {count} ends early; the file is damaged or cut: fetch it again"
            )
    except csv.Error as error:
        raise GroundstateError(f"{path}: damaged or cut ({error}); fetch it again") from None


def _properties(row: dict[str, str], skip: tuple[str, ...]) -> dict[str, float]:
    """Columns that hold one finite number."""
    found = {}
    for name, text in row.items():
        if name is None or name in skip or not text:
            continue
        with contextlib.suppress(ValueError):
            if np.isfinite(value := float(text)):
                found[name] = value
    return found


def _guarded(name: str, read: Callable[[], Crystal]) -> Crystal | Rejection:
    try:
        return read()
    except DAMAGE as error:
        reason = " ".join(str(error).split())[:200]
        return Rejection(name, STAGE, f"unreadable: {reason or type(error).__name__}")


def read_flla(path: Path) -> Read:
    """The 3,938 Materials Project crystals of ``flla_2015.csv``, from matminer's source archive or as a CSV.

    Columns ``material_id``, ``structure`` (the printed dict of a pymatgen Structure), ``e_above_hull`` and
    ``formation_energy_per_atom`` (eV/atom, MP corrections of 2015).
    """
    if path.name.endswith((".csv", ".csv.gz")):
        with _open_text(path) as stream:
            yield from _flla_rows(stream, path)
    else:
        with open_member(path, FLLA_MEMBER) as member:
            yield from _flla_rows(io.TextIOWrapper(member, encoding="utf-8", newline=""), path)


def _flla_rows(stream: io.TextIOBase, path: Path) -> Read:
    kept = ("e_above_hull", "formation_energy_per_atom")
    for _, row in _table(stream, path, ("material_id", "structure", *kept)):
        properties = _properties({key: row[key] for key in kept}, ())

        def read(row: dict = row, properties: dict = properties) -> Crystal:
            return _from_dict(row["material_id"], ast.literal_eval(row["structure"]), properties)

        yield _guarded(row["material_id"], read)


def _from_dict(name: str, content: dict, properties: dict[str, float]) -> Crystal:
    """A pymatgen ``Structure.as_dict``, read without building the object (which takes most of the time)."""
    numbers = []
    for site in content["sites"]:
        if len(site["species"]) != 1 or site["species"][0]["occu"] != 1:
            raise ValueError("a site is partly occupied; disordered crystals are not read")
        numbers.append(number_of(site["species"][0]["element"]))
    frac = np.array([site["abc"] for site in content["sites"]], dtype=float)
    return Crystal(
        name, np.array(numbers), frac, np.array(content["lattice"]["matrix"], dtype=float), properties
    )


def read_csv(path: Path) -> Read:
    """A CSV with CIF text in ``cif`` and ids in ``material_id`` or ``id``; numeric columns are properties.

    The format of Perov-5, Carbon-24, MP-20 and MPTS-52 (Xie et al. 2022).
    """
    with _open_text(path) as stream:
        for _, row in _table(stream, path, ("cif", "material_id|id")):
            name = row.get("material_id") or row.get("id") or ""
            properties = _properties(row, ("", "cif", "material_id", "id"))

            def read(row: dict = row, name: str = name, properties: dict = properties) -> Crystal:
                return read_any(row["cif"], name)._replace(properties=properties)

            yield _guarded(name, read)


def read_extxyz(path: Path) -> Read:
    """Frames of an extended XYZ file; ids from ``id=``, or the file's name and the frame's number."""
    with _open_text(path) as stream:
        lines = stream.read().splitlines()
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines:
        raise GroundstateError(f"{path}: the file is empty")
    start, frame = 0, 0
    while start < len(lines):
        if not re.fullmatch(r"\s*\d+\s*", lines[start]):
            raise GroundstateError(
                f"{path}: line {start + 1} should be a number of atoms; not extxyz, or damaged"
            )
        end = start + 2 + int(lines[start])
        if end > len(lines):
            raise GroundstateError(f"{path}: the last frame is cut at line {len(lines)}")
        text = "\n".join(lines[start:end]) + "\n"
        name = f"{path.name.split('.')[0]}-{frame}"
        if given := re.search(r'(?:^|\s)id=(?:"([^"]*)"|(\S+))', lines[start + 1]):
            name = given.group(1) or given.group(2)
        yield _guarded(name, lambda text=text, name=name: _from_frame(text, name))
        start, frame = end, frame + 1


def _from_frame(text: str, name: str) -> Crystal:
    atoms = ase.io.read(io.StringIO(text), format="extxyz")
    if not atoms.cell.rank == 3:
        raise ValueError("no cell (Lattice=) in the comment line")
    scalars = {k: v for k, v in atoms.info.items() if isinstance(v, int | float) and not isinstance(v, bool)}
    frac = np.linalg.solve(np.asarray(atoms.cell).T, atoms.positions.T).T
    properties = {key: float(value) for key, value in scalars.items() if key != "id" and np.isfinite(value)}
    return Crystal(name, atoms.numbers, frac, np.asarray(atoms.cell), properties)


def read_cif(path: Path) -> Read:
    """One CIF (one or many blocks), a folder of CIFs, or such a folder as an archive; ids are file names."""
    if path.is_dir():
        files = sorted(path.rglob("*.cif"))
        if not files:
            raise GroundstateError(f"{path}: no file ends in .cif")
        for file in files:
            yield from _cif_blocks(file.read_bytes(), file.stem)
    elif path.name.endswith((".cif", ".cif.gz")):
        with _open_text(path) as stream:
            yield from _cif_blocks(stream.read().encode(), path.name.split(".cif")[0])
    else:
        found = False
        for member, stream in read_members(path, ".cif"):
            found = True
            yield from _cif_blocks(stream.read(), Path(member).stem)
        if not found:
            raise GroundstateError(f"{path}: no member ends in .cif")


def _cif_blocks(content: bytes, stem: str) -> Read:
    text = content.decode("utf-8", errors="replace")
    blocks = re.split(r"(?m)^(?=data_)", text)
    blocks = [block for block in blocks if block.startswith("data_")] or [text]
    for block in blocks:
        label = block[5:].split(maxsplit=1)[0] if block.startswith("data_") and len(block) > 5 else "?"
        name = stem if len(blocks) == 1 else f"{stem}-{label}"
        yield _guarded(name, lambda block=block, name=name: read_any(block, name))


READERS: dict[str, Callable[[Path], Read]] = {
    "flla": read_flla,
    "csv": read_csv,
    "extxyz": read_extxyz,
    "cif": read_cif,
}
