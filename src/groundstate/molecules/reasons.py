"""Why RDKit refuses an input, in words that name the atoms (counted from 1) and what to do."""

import contextlib
import io
import re
import unicodedata
from collections.abc import Callable
from typing import TypeVar

from rdkit import Chem, rdBase

Result = TypeVar("Result")

REMEDIES = {
    "AtomValenceException": "check its bonds and its charge",
    "AtomKekulizeException": "only ring atoms can be aromatic",
    "KekulizeException": "a nitrogen that bears the hydrogen is written [nH]",
}
MOST_NAMED = 12  # atoms in one sentence


def smiles_fault(smiles: str) -> str:
    """Say why RDKit reads no molecule from ``smiles``."""
    for number, character in enumerate(smiles, 1):
        if not character.isascii():
            name = unicodedata.name(character, "a character without a name")
            return (
                f"its character {number}, {character!r} ({name}), is not ASCII; write what SMILES have for it"
            )
    said = _log_of(lambda: Chem.MolFromSmiles(smiles, sanitize=False))
    kind = re.search(r"SMILES Parse Error: (.*?)(?: while parsing| for input|:|$)", said)
    place = re.search(r"around position (\d+)", said)
    if place and int(place[1]) <= len(smiles):
        character = smiles[int(place[1]) - 1]
        hint = "; columns are separated by a space or tab" if character == "," else ""
        return f"{kind[1] if kind else 'syntax error'} at character {place[1]} ({character!r}){hint}"
    if " " in smiles.strip():
        return f"the CXSMILES extension {smiles.split(maxsplit=1)[1]!r} cannot be read"
    return kind[1] if kind else said or "it gives no reason"


def molblock_fault(molblock: str) -> str:
    """Say why RDKit reads no molecule from ``molblock``."""
    said = _log_of(lambda: Chem.MolFromMolBlock(molblock, removeHs=False, sanitize=False))
    said = re.sub(r"(?:Pre|Post)-condition Violation ", "", said.split(" Violation occurred")[0])
    unknown = re.search(r"Element '(.*)' not found", said)
    atoms = _symbols(molblock)
    if unknown and unknown[1] in atoms:
        return f"atom {atoms.index(unknown[1]) + 1} ({unknown[1]}) is no element; draw it in full"
    return said or "it gives no reason"


def decimal_comma(molblock: str) -> str | None:
    """Name the first atom of a V2000 block whose coordinates are written with a comma; None without one."""
    if "," not in molblock:
        return None
    for number, line in enumerate(molblock.split("\n")[4 : 4 + len(_symbols(molblock))], 1):
        if "," in line[:30]:
            return f"atom {number} has coordinates with a decimal comma ({line[:30].strip()}); write a point"
    return None


def _symbols(molblock: str) -> list[str]:
    """Give the symbols in the atom lines of a V2000 block; none for V3000."""
    lines = molblock.split("\n")
    if len(lines) < 4 or "V2000" not in lines[3] or not lines[3][:3].strip().isdecimal():
        return []
    return [line[31:34].strip() for line in lines[4 : 4 + int(lines[3][:3])]]


def _log_of(call: Callable[[], object]) -> str:
    """Call into RDKit and give what it wrote to its log, as one line."""
    text = io.StringIO()
    rdBase.LogToPythonStderr()
    try:
        with contextlib.redirect_stderr(text):
            call()
    finally:
        rdBase.LogToCppStreams()
    lines = [re.sub(r"^\[\d\d:\d\d:\d\d\]\s*", "", line).strip() for line in text.getvalue().splitlines()]
    return " ".join(dict.fromkeys(line for line in lines if line.strip("*")))[:300]


def chemistry_fault(mol: Chem.Mol) -> str | None:
    """Name the first thing that keeps ``mol`` from being sanitised; None where nothing does."""
    with rdBase.BlockLogs():
        problems = Chem.DetectChemistryProblems(mol)
    if not problems:
        return None
    problem = problems[0]
    kind = problem.GetType()
    indices = list(problem.GetAtomIndices()) if kind == "KekulizeException" else [problem.GetAtomIdx()]
    names = [f"{index + 1} ({mol.GetAtomWithIdx(index).GetSymbol()})" for index in indices[:MOST_NAMED]]
    atoms = ", ".join(names) + (", ..." if len(indices) > MOST_NAMED else "")
    if kind == "AtomValenceException":
        atom = mol.GetAtomWithIdx(indices[0])
        bonds = sum(bond.GetBondTypeAsDouble() for bond in atom.GetBonds()) + atom.GetNumExplicitHs()
        charge = atom.GetFormalCharge()
        what = f"atom {atoms} has the valence {bonds:g} at charge {charge:+d}, more than it can have"
    elif kind == "KekulizeException":
        what = f"the aromatic atoms {atoms} cannot be written with single and double bonds"
    else:
        what = f"atom {atoms}: {problem.Message()}"
    return f"{what}; {REMEDIES.get(kind, 'check the drawing')}"


def unsupported_part(mol: Chem.Mol) -> str | None:
    """Name what makes ``mol`` a pattern or a polymer instead of a molecule; None where nothing does."""
    for atom in mol.GetAtoms():
        if atom.GetAtomicNum() == 0 or atom.HasQuery():
            sign = atom.GetSmarts() if atom.HasQuery() else atom.GetSymbol()
            return f"atom {atom.GetIdx() + 1} ({sign}) stands for several elements or none; draw the element"
    for bond in mol.GetBonds():
        if bond.HasQuery():
            ends = f"{bond.GetBeginAtomIdx() + 1}-{bond.GetEndAtomIdx() + 1}"
            return f"bond {ends} stands for several kinds of bond; draw the one that it is"
    for group in Chem.GetMolSubstanceGroups(mol):
        kind = group.GetProp("TYPE") if group.HasProp("TYPE") else ""
        if kind in ("SRU", "MON", "MER", "COP", "CRO", "GRA", "MOD", "MIX", "FOR", "ANY"):
            return f"it has a group of type {kind}: a polymer or mixture; draw the molecule itself"
    return None
