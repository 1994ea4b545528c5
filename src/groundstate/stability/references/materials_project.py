"""Formation energies and stable phases of the Materials Project, as the package ships them.

Materials Project data, CC BY 4.0 (Jain et al., APL Materials 1, 011002, 2013). One scale: GGA and GGA+U with
the MP2020 corrections, against ``mp_element_energies``. ``benchmarks/stability_references.py`` made the file.
"""

from collections.abc import Collection
from functools import cache
from importlib.resources import files
from itertools import combinations
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from pymatgen.core import Composition

Kind = Literal["computed", "estimated", "without"]
KINDS: tuple[Kind, ...] = ("computed", "estimated", "without")
TABLE = "data/materials_project.parquet"
SOURCE = (
    "Materials Project (CC BY 4.0; Jain et al., APL Materials 1, 011002, 2013): formation energies of "
    "118,549 phases (GGA and GGA+U, MP2020 corrections) and the list of the 33,993 that were stable in 2024"
)
ENERGY_UNIT = 1e-5  # eV per atom
SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("formula", pa.string()),
        ("system", pa.string()),  # element symbols in alphabetic order
        ("energy", pa.int32()),  # formation energy in ENERGY_UNIT; null where there is none
        ("kind", pa.int8()),  # index into KINDS
        ("stable", pa.bool_()),  # on the hull of the Materials Project in 2024
    ]
)
MOST_SUBSETS = 4096  # of a chemical system, before every system of the table is looked at instead


class ListedPhase(NamedTuple):
    """A phase of the Materials Project.

    ``formation_energy`` (eV per atom) is as ``kind`` says ``computed``, ``estimated`` from r2SCAN (mean
    absolute error on the hull 16 meV per atom), or absent (``without``); ``stable`` is of 2024.
    """

    id: str
    formula: str
    formation_energy: float | None
    kind: Kind
    stable: bool

    @property
    def composition(self) -> Composition:
        """Reduced composition."""
        return Composition(self.formula)


class _Table(NamedTuple):
    ids: np.ndarray
    formulas: np.ndarray
    energies: np.ndarray  # NaN where there is none
    kinds: np.ndarray
    stable: np.ndarray
    systems: dict[str, range]


@cache
def _table() -> _Table:
    with files("groundstate.stability.references").joinpath(TABLE).open("rb") as stream:
        table = pq.read_table(stream)
    columns = {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
    names = columns["system"]
    first = np.flatnonzero(np.append(True, names[1:] != names[:-1]))
    ends = np.append(first[1:], len(names))
    systems = {names[start]: range(start, end) for start, end in zip(first, ends, strict=True)}
    energies = columns["energy"].astype(float) * ENERGY_UNIT
    return _Table(columns["id"], columns["formula"], energies, columns["kind"], columns["stable"], systems)


def listed_phases(system: Collection[str]) -> list[ListedPhase]:
    """List the compounds whose elements are all in ``system``, in the order of the table."""
    table = _table()
    symbols = sorted(set(system))
    if 2 ** len(symbols) <= MOST_SUBSETS:
        names = ["-".join(subset) for n in range(2, len(symbols) + 1) for subset in combinations(symbols, n)]
        names = [name for name in names if name in table.systems]
    else:
        inside = set(symbols)
        names = [name for name in table.systems if "-" in name and inside.issuperset(name.split("-"))]
    rows = [row for name in sorted(names) for row in table.systems[name]]
    return [_phase(row) for row in rows]


def listed_phase(name: str) -> ListedPhase | None:
    """Look up a phase by its id."""
    row = _rows().get(name)
    return None if row is None else _phase(row)


@cache
def _rows() -> dict[str, int]:
    return {str(name): row for row, name in enumerate(_table().ids)}


def _phase(row: int) -> ListedPhase:
    table = _table()
    return ListedPhase(
        str(table.ids[row]),
        str(table.formulas[row]),
        None if np.isnan(table.energies[row]) else float(table.energies[row]),
        KINDS[table.kinds[row]],
        bool(table.stable[row]),
    )
