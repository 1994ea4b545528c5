"""The templates that come with the package, and the compact file that they are kept in.

Crystals of the Materials Project, CC BY 4.0 (Jain et al., APL Materials 1, 011002, 2013), from parts of the
data sets MP-20 (Xie et al., ICLR 2022) and MPTS-52; none is of the test part of MP-20. ``data/TEMPLATES.md``
is their card.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import spglib

from groundstate.content import content_key
from groundstate.crystals.crystal import Crystal, reduced_formula
from groundstate.crystals.lattice import cell_from_parameters, cell_parameters, right_handed
from groundstate.crystals.templates.library import TemplateLibrary
from groundstate.crystals.templates.prototype import SYMPREC, prototype
from groundstate.files import atomic_path, write_text

TABLE = "data/templates.parquet"
PARTS = ("mp-20 train", "mp-20 validation", "mpts-52")
SOURCE = (
    "Materials Project (CC BY 4.0; Jain et al., APL Materials 1, 011002, 2013), by way of MP-20 (Xie et al., "
    "ICLR 2022) and MPTS-52 (Baird et al., 2022); without the test part of MP-20"
)
STEPS = 65520  # of a fractional coordinate: halves to ninths, twelfths and sixteenths are exact
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("part", pa.string()),
        ("prototype", pa.string()),
        ("atomic_numbers", pa.list_(pa.uint8())),
        ("coordinates", pa.list_(pa.uint16())),  # fractional, in STEPS, atom after atom
        ("cell", pa.list_(pa.float32(), 6)),  # a, b, c in angstrom, alpha, beta, gamma in degrees
    ]
)


def write_templates(path: Path, crystals: Sequence[Crystal], parts: Sequence[str]) -> None:
    """Write crystals, with the part that each is of, as a file of templates."""
    rows = []
    for crystal, part in zip(crystals, parts, strict=True):
        lattice, places = right_handed(crystal.lattice, crystal.frac_coords)
        rows.append(
            {
                "id": crystal.id,
                "part": part,
                "prototype": prototype(crystal),
                "atomic_numbers": crystal.atomic_numbers.tolist(),
                "coordinates": (np.round(places * STEPS).astype(int) % STEPS).ravel().tolist(),
                "cell": cell_parameters(lattice).tolist(),
            }
        )
    with atomic_path(path) as temporary:
        table = pa.Table.from_pylist(rows, schema=SCHEMA)
        pq.write_table(table, temporary, compression="zstd", compression_level=19)


@cache
def shipped_templates(parts: tuple[str, ...] = PARTS) -> TemplateLibrary:
    """Read the templates that come with the package.

    Parameters
    ----------
    parts
        Which of ``PARTS``; a benchmark on the validation part of MP-20 leaves that part out. MPTS-52 has
        none of its crystals.
    """
    with files("groundstate.crystals.templates").joinpath(TABLE).open("rb") as stream:
        table = pq.read_table(stream)
    columns = {name: table[name].to_pylist() for name in ("id", "part", "prototype")}
    numbers = table["atomic_numbers"].combine_chunks()
    bounds = numbers.offsets.to_numpy()
    flat = numbers.flatten().to_numpy().astype(int)
    places = table["coordinates"].combine_chunks().flatten().to_numpy().reshape(-1, 3) / STEPS
    parameters = table["cell"].combine_chunks().flatten().to_numpy().reshape(-1, 6).astype(float)
    cells = cell_from_parameters(parameters)
    chosen = [row for row, part in enumerate(columns["part"]) if part in parts]
    crystals = [
        Crystal(
            columns["id"][row],
            flat[bounds[row] : bounds[row + 1]],
            places[bounds[row] : bounds[row + 1]],
            cells[row],
        )
        for row in chosen
    ]
    return TemplateLibrary(crystals, [columns["prototype"][row] for row in chosen])


def shipped_formulas() -> set[str]:
    """Give the reduced formulas of all templates; the shipped weights learned no others."""
    contents = {
        tuple(sorted(Counter(crystal.atomic_numbers.tolist()).items()))
        for crystal in shipped_templates().crystals
    }
    return {reduced_formula(np.repeat(*np.array(content).T)) for content in contents}


def with_own(library: TemplateLibrary, own: Sequence[Crystal], cache: Path | None = None) -> TemplateLibrary:
    """Put templates of a user's before the others; of two with one id the user's is taken.

    ``cache`` is a folder in which the kinds of their structures are kept, by content.
    """
    names = {crystal.id for crystal in own}
    kept = [index for index, crystal in enumerate(library.crystals) if crystal.id not in names]
    return TemplateLibrary(
        [*own, *(library.crystals[index] for index in kept)],
        [*_prototypes(own, cache), *(library.prototype(index) for index in kept)],
    )


def _prototypes(crystals: Sequence[Crystal], cache: Path | None) -> list[str]:
    """Name the kind of structure of each crystal, or read the names of the very same crystals."""
    if cache is None:
        return [prototype(crystal) for crystal in crystals]
    keys = (
        content_key(crystal.atomic_numbers, (crystal.lattice, crystal.frac_coords)) for crystal in crystals
    )
    told = "\n".join([f"{SYMPREC} {spglib.__version__}", *keys])
    path = cache / "prototypes" / f"{hashlib.sha256(told.encode()).hexdigest()}.json"
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        names = [prototype(crystal) for crystal in crystals]
        write_text(path, json.dumps(names))
        return names
