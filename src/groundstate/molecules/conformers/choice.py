"""Which of a molecule's conformers stands for it, and what is wrong with that one."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

Row = TypeVar("Row", bound=Mapping)


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
