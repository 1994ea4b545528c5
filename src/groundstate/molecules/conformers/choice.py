"""Which of a molecule's conformers stands for it, and what is wrong with that one."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from rdkit import Chem, rdBase
from rdkit.Chem import rdForceFieldHelpers

Row = TypeVar("Row", bound=Mapping)
NO_PARAMETERS = "no force field here has parameters"


def lowest(rows: Sequence[Row]) -> Row:
    """Choose the minimised row of lowest MMFF94 energy with the right stereo; else the first minimised one.

    Parameters
    ----------
    rows
        Rows of ``CONFORMER_SCHEMA`` of one molecule, at least one of them of the method ``mmff``.
    """
    minimised = [row for row in rows if row["method"] == "mmff"]
    ranked = [row for row in minimised if row["force_field"] == "mmff94" and row["stereo_kept"]]
    return min(ranked, key=lambda row: row["energy"], default=minimised[0])


def embedding_failure(row: Mapping) -> str | None:
    """Say in a sentence why the geometry of ``row`` is only a stand-in; None where it is not."""
    if not row["stereo_kept"]:
        return "no geometry with the stereo of the input was found; this one has another"
    if row["origin"] == "fallback":
        return "ETKDGv3 gave nothing; this is the fallback geometry"
    return None


def unminimised(row: Mapping, mol: Chem.Mol) -> str | None:
    """Say in a sentence why ``row`` of the method ``mmff`` is no minimum for want of parameters; None: it is.

    UFF comes last, so what it lacks is named. One atom has nothing to minimise.
    """
    if row["method"] != "mmff" or row["force_field"] != "none" or mol.GetNumAtoms() == 1:
        return None
    with rdBase.BlockLogs():
        lacking = [
            f"{i + 1} ({mol.GetAtomWithIdx(i).GetSymbol()})"
            for i in range(mol.GetNumAtoms())
            if rdForceFieldHelpers.GetUFFVdWParams(mol, i, i) is None
        ]
    return f"{NO_PARAMETERS} for atom {', '.join(lacking)}: this is RDKit's embedding" if lacking else None
