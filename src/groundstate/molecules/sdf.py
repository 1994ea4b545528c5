"""SDF files: read block by block so that one broken record loses no other, written with ids."""

import gzip
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rdkit import Chem, rdBase

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.molecules.mols import RecordError, sanitize

PROPERTY = re.compile(r">.*?<([^>]*)>")


class SdfBlock(NamedTuple):
    """One record of an SDF, not yet parsed. ``id``: property ``id``, else the title, else file name and
    number."""

    id: str
    molblock: str
    properties: dict[str, str]


def read_sdf_blocks(path: str | Path) -> Iterator[SdfBlock]:
    """Cut an SDF (plain or gzip) at its ``$$$$`` lines, in file order.

    Raises ``GroundstateError`` where the file is absent, empty, or ends in the middle of a record.
    """
    path = Path(path)
    lines: list[str] = []
    number = 0
    try:
        with gzip.open(path, "rt") if path.suffix == ".gz" else path.open(errors="replace") as handle:
            for line in handle:
                if line.startswith("$$$$"):
                    number += 1
                    yield _block(lines, f"{path.name.split('.')[0]}-{number}")
                    lines = []
                else:
                    lines.append(line.rstrip("\r\n"))
    except (EOFError, gzip.BadGzipFile) as error:
        raise GroundstateError(f"{path}: the gzip file is broken or cut ({error}); fetch it again") from None
    except FileNotFoundError:
        raise GroundstateError(f"{path}: no such file") from None
    if any(line.strip() for line in lines):
        if not any(line.startswith("M  END") for line in lines):
            raise GroundstateError(
                f"{path}: ends in the middle of record {number + 1} (no 'M  END'): not an SDF, or cut"
            )
        number += 1
        yield _block(lines, f"{path.name.split('.')[0]}-{number}")
    if not number:
        raise GroundstateError(f"{path}: holds no SDF record; is it empty?")


def _block(lines: list[str], fallback: str) -> SdfBlock:
    end = next((i + 1 for i, line in enumerate(lines) if line.startswith("M  END")), len(lines))
    properties: dict[str, str] = {}
    name = None
    for line in lines[end:]:
        header = PROPERTY.match(line)
        if header:
            name = header[1]
            properties[name] = ""
        elif name is not None and line.strip():
            properties[name] += ("\n" if properties[name] else "") + line.strip()
    title = lines[0].strip() if lines else ""
    return SdfBlock(properties.get("id") or title or fallback, "\n".join(lines[:end]) + "\n", properties)


def parse_molblock(molblock: str) -> Chem.Mol:
    """Read a V2000 or V3000 mol block, hydrogens kept, sanitised.

    Raises ``RecordError`` with the reason where RDKit refuses it.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(molblock, removeHs=False)
        if mol is None:
            mol = Chem.MolFromMolBlock(molblock, removeHs=False, sanitize=False)
            if mol is None:
                raise RecordError("RDKit cannot parse the mol block")
            sanitize(mol)
    if not mol.GetNumAtoms():
        raise RecordError("the mol block holds no atom")
    return mol


def molblock_with_properties(mol: Chem.Mol, name: str, properties: Mapping[str, object]) -> str:
    """One SDF record (V2000; V3000 from 1000 atoms on): title and property ``id`` hold ``name``."""
    mol = Chem.Mol(mol)
    mol.SetProp("_Name", name)
    text = Chem.MolToMolBlock(mol)
    for key, value in {"id": name, **properties}.items():
        text += f">  <{key}>\n{value}\n\n"
    return text + "$$$$\n"


def write_sdf(path: str | Path, entries: Iterable[tuple[str, Chem.Mol, Mapping[str, object]]]) -> None:
    """Write (id, molecule, properties) records in order, atomically."""
    with atomic_path(path) as temporary, temporary.open("w", encoding="utf-8") as handle:
        for name, mol, properties in entries:
            handle.write(molblock_with_properties(mol, name, properties))
