"""Structures with energies and forces: extxyz as people have it, and the record file that stages share."""

import io
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from ase import Atoms
from ase.io import extxyz

from groundstate.errors import GroundstateError
from groundstate.extxyz import Frame, read_frames
from groundstate.interatomic.rmd17 import ENDINGS, read_rmd17
from groundstate.records import VECTORS, Rejection, read_records
from groundstate.text import open_text

POTENTIAL_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("group", pa.string()),  # what errors are told apart by, such as the temperature
        ("atomic_numbers", pa.list_(pa.int16())),
        ("positions", VECTORS),  # angstrom
        ("cell", VECTORS),  # rows are the lattice vectors, angstrom; zero without a cell
        ("pbc", pa.list_(pa.bool_(), 3)),
        ("energy", pa.float64()),  # eV
        ("forces", VECTORS),  # eV/angstrom; null where there are none
        ("stress", VECTORS),  # eV/angstrom^3, (3, 3); null where there is none
    ]
)
# names of the labels, first come first taken
ENERGY_KEYS = ("REF_energy", "energy", "free_energy")
FORCE_KEYS = ("REF_forces", "forces", "force")
STRESS_KEYS = ("REF_stress", "stress")
GROUP_KEYS = ("group", "config_type")
DIHEDRAL_KEYS = ("dihedral_angle", "dihedrals")  # of a scan
KNOWN = {"id", "numbers", "positions", *FORCE_KEYS, *STRESS_KEYS, *GROUP_KEYS, *DIHEDRAL_KEYS}
MOST_ATOMS = 10_000  # per structure


class Configuration(NamedTuple):
    """One structure and its labels; None where there is none.

    ``atoms.info`` holds no more than ``dihedrals`` (degrees), where a frame of a file states them.
    """

    id: str
    group: str
    atoms: Atoms
    energy: float | None
    forces: np.ndarray | None
    stress: np.ndarray | None
    unread: tuple[str, ...] = ()  # what else a frame without an energy states


def no_energy(one: Configuration) -> str:
    """Say that a structure has no energy, and what its frame has instead."""
    text = f"it has no energy; keys read: {', '.join(ENERGY_KEYS)}"
    if not one.unread:
        return text
    return f"{text}; its frame has {', '.join(one.unread)}: rename the energy to energy, the forces to forces"


def read_configurations(path: Path) -> Iterator[Configuration | Rejection]:
    """Read extxyz, or a molecule of rMD17, frame after frame; a bad frame is a rejection and loses no other.

    The id is the frame's ``id``, else the file's name and the number of the frame.

    Raises ``GroundstateError`` where the file is absent, empty or is no text.
    """
    if path.name.endswith(ENDINGS):
        for name, atoms, energy, forces in read_rmd17(path):
            yield Configuration(name, "", atoms, energy, forces, None)
        return
    number = -1
    with open_text(path) as lines:
        for number, frame in enumerate(read_frames(lines, path)):
            name = f"{path.name.split('.')[0]}-{number}"
            try:
                yield _configuration(name, frame)
            except (ValueError, KeyError, IndexError, TypeError, AttributeError, extxyz.XYZError) as error:
                yield Rejection(name, "prepare", f"{path}: frame {number + 1} is not readable: {error}")
    if number < 0:
        raise GroundstateError(f"{path}: the file is empty")


def _configuration(name: str, frame: Frame) -> Configuration:
    if frame.fault:
        raise ValueError(frame.fault)
    if not 0 < len(frame.rows) <= MOST_ATOMS:
        raise ValueError(f"{len(frame.rows)} atoms; at most {MOST_ATOMS} and at least one are read")
    text = "\n".join([str(len(frame.rows)), frame.comment, *frame.rows, ""])
    try:
        (atoms,) = extxyz.read_xyz(io.StringIO(text), slice(None))
    except KeyError as error:
        raise ValueError(f"{error} is no chemical symbol") from None
    labels = dict(atoms.info) | dict(atoms.arrays)
    if atoms.calc is not None:
        labels |= atoms.calc.results
    energy, forces, stress = (_first(labels, keys) for keys in (ENERGY_KEYS, FORCE_KEYS, STRESS_KEYS))
    if energy is not None and not np.isfinite(energy):
        raise ValueError(f"its energy is {energy}")
    if forces is not None and (np.shape(forces) != (len(atoms), 3) or not np.isfinite(forces).all()):
        raise ValueError("its forces are not three finite numbers per atom")
    if not np.isfinite(atoms.positions).all():
        raise ValueError("its positions are not finite")
    if atoms.pbc.any() and abs(atoms.cell.volume) < 1e-6 and atoms.pbc.all():
        raise ValueError("it is periodic and its cell has no volume")
    if stress is not None:
        stress = np.asarray(stress, float)
        stress = stress.reshape(3, 3) if stress.size == 9 else _from_voigt(stress)
    bare = Atoms(atoms.numbers, positions=atoms.positions, cell=atoms.cell, pbc=atoms.pbc)
    dihedrals = _first(labels, DIHEDRAL_KEYS)
    if dihedrals is not None:
        bare.info["dihedrals"] = np.atleast_1d(dihedrals).astype(float).tolist()
    group = str(_first(labels, GROUP_KEYS) or "")
    return Configuration(
        str(atoms.info.get("id", name)),
        group,
        bare,
        None if energy is None else float(energy),
        forces,
        stress,
        () if energy is not None else tuple(sorted(set(labels) - KNOWN)),
    )


def _first(labels: dict, keys: Iterable[str]) -> Any:  # noqa: ANN401, whatever the file holds
    return next((labels[key] for key in keys if key in labels), None)


def _from_voigt(stress: np.ndarray) -> np.ndarray:
    xx, yy, zz, yz, xz, xy = stress
    return np.array([[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]])


def to_row(one: Configuration) -> dict[str, object]:
    """Return the record of a configuration."""
    return {
        "id": one.id,
        "group": one.group,
        "atomic_numbers": one.atoms.numbers.tolist(),
        "positions": one.atoms.positions.tolist(),
        "cell": one.atoms.cell.array.tolist(),
        "pbc": one.atoms.pbc.tolist(),
        "energy": one.energy,
        "forces": None if one.forces is None else np.asarray(one.forces, float).tolist(),
        "stress": None if one.stress is None else one.stress.tolist(),
    }


def from_row(row: dict) -> Configuration:
    """Return the configuration of a record."""
    atoms = Atoms(row["atomic_numbers"], positions=row["positions"], cell=row["cell"], pbc=row["pbc"])
    forces, stress = (None if row[key] is None else np.array(row[key]) for key in ("forces", "stress"))
    return Configuration(row["id"], row["group"], atoms, row["energy"], forces, stress)


def read_parts(path: Path, ids: Iterable[str] | None = None) -> tuple[list[Configuration], list[Rejection]]:
    """Read a record file (``.parquet``) or extxyz: what is readable, and why every other frame is not."""
    if path.suffix == ".parquet":
        return [from_row(row) for row in read_records(path, POTENTIAL_SCHEMA, ids)], []
    rows: list[Configuration] = []
    rejections: list[Rejection] = []
    for one in read_configurations(path):
        if isinstance(one, Rejection):
            rejections.append(one)
        else:
            rows.append(one)
    return rows, rejections


def load_configurations(path: Path, ids: Iterable[str] | None = None) -> list[Configuration]:
    """Read a record file (``.parquet``), or an extxyz file of which every frame must be readable.

    Raises ``GroundstateError`` with the first fault.
    """
    rows, rejections = read_parts(path, ids)
    if rejections:
        reason = rejections[0].reason
        raise GroundstateError(f"{reason}; mend it or run `groundstate prepare potential` first")
    return rows


def atomic_energies(rows: Iterable[Configuration]) -> tuple[dict[int, float], list[Configuration]]:
    """Split isolated atoms (one atom without a period) from structures; energies in eV by atomic number."""
    energies, structures = {}, []
    for one in rows:
        if len(one.atoms) == 1 and not one.atoms.pbc.any() and one.energy is not None:
            energies[int(one.atoms.numbers[0])] = one.energy
        else:
            structures.append(one)
    return energies, structures


def fitted_energies(structures: list[Configuration], known: dict[int, float]) -> dict[int, float]:
    """Energies of isolated atoms that were not given, by least squares over the structures' energies."""
    elements = sorted({int(z) for one in structures for z in one.atoms.numbers})
    missing = [z for z in elements if z not in known]
    labelled = [one for one in structures if one.energy is not None]
    if not missing or not labelled:
        return {z: known.get(z, 0.0) for z in elements}
    counts = np.array([[np.sum(one.atoms.numbers == z) for z in missing] for one in labelled], float)
    rest = [one.energy - sum(known.get(int(z), 0.0) for z in one.atoms.numbers) for one in labelled]  # type: ignore[operator]  # labelled
    solution = np.linalg.lstsq(counts, np.array(rest), rcond=None)[0]
    return {z: known.get(z, 0.0) for z in elements} | dict(zip(missing, solution.tolist(), strict=True))
