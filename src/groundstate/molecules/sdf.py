"""SDF files: read block by block so that one broken record loses no other, written with ids."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from rdkit import Chem, rdBase

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path
from groundstate.molecules.mols import RecordError, sanitize, without_wavy_bonds
from groundstate.molecules.reasons import decimal_comma, molblock_fault, unsupported_part
from groundstate.names import line_fault
from groundstate.text import open_text

PROPERTY = re.compile(r">.*?<([^>]*)>")
COUNTS = re.compile(r"V[23]000\s*$")
HEADER = 3  # lines before the counts line: title, program, comment
LONGEST_RECORD = 100_000  # lines
SMILES_FILES = (".smi", ".smiles", ".csv", ".tsv")
SMILES_HINT = (
    "; SMILES are read by `prepare molecules --format smiles`, and `predict geometry` makes their geometries"
)


class SdfBlock(NamedTuple):
    """One record of an SDF, not yet parsed.

    Attributes
    ----------
    id
        The property ``id``, else the title, else the file's name and the record's number.
    molblock
        Text up to ``M  END``; empty where ``fault`` is set.
    properties
        Data fields as text.
    number
        Place in the file, from 1.
    fault
        Why there is no mol block.
    """

    id: str
    molblock: str
    properties: dict[str, str]
    number: int
    fault: str | None = None


def read_sdf_blocks(path: str | Path, whole: bool = False) -> Iterator[SdfBlock]:
    """Cut an SDF (plain or gzip, any encoding) at its ``$$$$`` lines, in file order.

    Parameters
    ----------
    path
        The file.
    whole
        For the parts of a numbered set: a file that ends in the middle of a record is refused. Else that
        record is the last block, with its ``fault``.

    Raises
    ------
    GroundstateError
        Where the file is absent, empty, no text, or ends in the middle of its first record.
    """
    path = Path(path)
    stem = path.name.split(".")[0]
    lines: list[str] = []
    number = length = 0
    with open_text(path) as handle:
        for line in handle:
            if line.rstrip() == "$$$$":
                number += 1
                yield _block(lines, f"{stem}-{number}", number, length)
                lines, length = [], 0
            else:
                length += 1
                if length <= LONGEST_RECORD:
                    lines.append(line.rstrip("\r\n"))
    if any(line.strip() for line in lines):
        if (whole or not number) and length <= LONGEST_RECORD and _end(lines) is None:
            smiles = Path(path.name.removesuffix(".gz")).suffix.lower() in SMILES_FILES
            raise GroundstateError(
                f"{path}: ends in the middle of record {number + 1} (no 'M  END'): not an SDF, or cut"
                + SMILES_HINT * smiles
            )
        number += 1
        yield _block(lines, f"{stem}-{number}", number, length)
    if not number:
        raise GroundstateError(f"{path}: holds no SDF record; is it empty?")


def _end(lines: list[str]) -> int | None:
    """Give the number of lines up to ``M  END``; the title may read so, too."""
    return next((i + 1 for i, line in enumerate(lines) if i and line.startswith("M  END")), None)


def _block(lines: list[str], fallback: str, number: int, length: int) -> SdfBlock:
    lines = _with_whole_header(lines)
    title = lines[0].strip() if lines else ""
    if length > LONGEST_RECORD:
        fault = f"the record has {length} lines; at most {LONGEST_RECORD} are read"
        return SdfBlock(title or fallback, "", {}, number, fault)
    end = _end(lines)
    properties = _properties(lines[end or 0 :])
    name = properties.get("id") or title or fallback
    if end is None:
        return SdfBlock(name, "", properties, number, "the mol block has no 'M  END': it is cut")
    return SdfBlock(name, "\n".join(lines[:end]) + "\n", properties, number)


def _with_whole_header(lines: list[str]) -> list[str]:
    """Put the counts line in its place, the fourth, where blank lines were lost or added before it."""
    places = [i for i, line in enumerate(lines[: 2 * HEADER + 2]) if COUNTS.search(line)]
    if not places or HEADER in places:
        return lines
    surplus = places[0] - HEADER
    if surplus < 0:
        return [""] * -surplus + lines
    return lines[surplus:] if not any(line.strip() for line in lines[:surplus]) else lines


def _properties(lines: list[str]) -> dict[str, str]:
    """Read the data fields; the first line of a value may look like the header of the next."""
    properties: dict[str, str] = {}
    name, fresh = None, False
    for line in lines:
        header = None if fresh and line.strip() else PROPERTY.match(line)
        if header:
            name, fresh = header[1], True
            properties[name] = ""
        elif name is not None and line.strip():
            properties[name] += ("\n" if properties[name] else "") + line.strip()
            fresh = False
        else:
            fresh = False
    return properties


def parse_molblock(molblock: str) -> Chem.Mol:
    """Read a V2000 or V3000 mol block, hydrogens kept, sanitised; stereo at wavy bonds of a drawing is open.

    Raises ``RecordError`` with the reason where RDKit refuses it, and for patterns and polymers.
    """
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(molblock, removeHs=False)
        if mol is None:
            raw = Chem.MolFromMolBlock(molblock, removeHs=False, sanitize=False)
            if raw is not None:
                sanitize(raw)
            raise RecordError(f"RDKit cannot parse the mol block: {molblock_fault(molblock)}")
    if not mol.GetNumAtoms():
        raise RecordError("the mol block holds no atom")
    if comma := decimal_comma(molblock):
        raise RecordError(comma)
    if reason := unsupported_part(mol):
        raise RecordError(reason)
    return without_wavy_bonds(mol)


def parse_block(block: SdfBlock) -> Chem.Mol:
    """Read the molecule of a record; ``RecordError`` says why there is none."""
    if block.fault:
        raise RecordError(block.fault)
    return parse_molblock(block.molblock)


def molblock_with_properties(mol: Chem.Mol, name: str, properties: Mapping[str, object]) -> str:
    """Write one SDF record (V2000; V3000 from 1000 atoms on): title and property ``id`` hold ``name``.

    Raises ``RecordError`` for a name that a reader could not give back; see ``names.line_fault``.
    """
    if fault := line_fault(name):
        raise RecordError(fault)
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
