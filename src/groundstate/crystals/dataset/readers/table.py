"""CSV tables with CIF text in a column, as Perov-5, Carbon-24, MP-20 and MPTS-52 (Xie et al. 2022)."""

from functools import partial
from pathlib import Path

from groundstate.crystals.cif.read import read_blocks
from groundstate.crystals.crystal import Crystal
from groundstate.crystals.dataset.readers.item import Read, guarded, rejected
from groundstate.crystals.dataset.readers.rows import numeric, read_rows
from groundstate.text import open_text

_IDS = ("material_id", "id")
_COLUMNS = {"cif": "CIF text", "material_id|id": "the id"}


def read_csv(path: Path) -> Read:
    """Read ids of ``material_id`` or ``id``, crystals of ``cif``; other columns of numbers are properties."""
    with open_text(path, newline="") as stream:
        for row in read_rows(stream, path, _COLUMNS, "cif"):
            name = next((row.values[key] for key in _IDS if row.values.get(key)), "")
            if row.fault or not name:
                yield rejected(name or f"row-{row.number}", row.fault or "the row has no id")
                continue
            properties = numeric(row.values, ("cif", *_IDS))
            yield guarded(name, partial(_crystal, name, row.values["cif"], properties))


def _crystal(name: str, text: str, properties: dict[str, float]) -> Crystal:
    blocks = read_blocks(text)
    if len(blocks) != 1:
        raise ValueError(f"its CIF holds {len(blocks)} crystals, a row is one")
    return blocks[0].read(name)._replace(properties=properties)
