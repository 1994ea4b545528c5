"""A potential against reference energies and forces: in all, by group, by element, along scans."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import torch
from ase.data import chemical_symbols

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.interatomic.calculator import load_network, predict
from groundstate.interatomic.data import Configuration, atomic_energies, no_energy, read_parts
from groundstate.interatomic.network import GauntPotential
from groundstate.metrics.definition import as_json
from groundstate.metrics.interatomic.errors import DEFINITIONS, FORCES, errors, force_errors
from groundstate.metrics.interatomic.scan import scan_errors, scan_rows
from groundstate.records import Rejection, read_split, write_rejected

SCAN_COLUMNS = ("id", "scan", "axis", "coordinate", "atoms", "energy", "predicted", "constant")
VECTOR = pa.list_(pa.float64(), 3)
ATOM_SCHEMA = pa.schema(  # eV/angstrom
    [("id", pa.string()), ("element", pa.string()), ("reference", VECTOR), ("predicted", VECTOR)]
)


def score(
    checkpoints: Sequence[Path],
    data: Path,
    folder: Path,
    splits: Path | None = None,
    device: str = "auto",
    seed: int = 0,
    scans: Sequence[Path] = (),
) -> dict[str, Any]:
    """Write summary.json, structures.csv, atoms.parquet, scans.csv and rejected.csv; give the summary.

    The set, each group (temperature, file), each element and each scan have their errors with 95 % bootstrap
    intervals over structures, and the baseline ``constant``: zero forces and the mean interaction energy of
    the checkpoint, what anything must beat. With several checkpoints (a committee) their mean is scored.

    Parameters
    ----------
    checkpoints
        ``best.ckpt`` of one training or several.
    data
        Records or extxyz with energies (eV) and forces (eV/angstrom).
    splits
        Split file of the records: only its test part is scored.
    scans
        extxyz files, each a scan: frames with energies along a coordinate.

    Raises
    ------
    GroundstateError
        Nothing can be scored.
    """
    networks = [load_network(path, device, torch.float64) for path in checkpoints]
    ids = None if splits is None else read_split(splits, "random", "test")
    structures, usable, rejections = _read(data, networks[0], ids)
    if not usable:
        write_rejected(folder / "rejected.csv", rejections)
        first = f"; the first: {rejections[0].reason}; all: {folder / 'rejected.csv'}" if rejections else ""
        raise GroundstateError(f"{data}: no structure to score{first}")
    results = predict(networks, [one.atoms for one in usable])
    baseline = [_constant(networks[0], one) for one in usable]
    rows, constant = (
        [_row(one, result) for one, result in zip(usable, both, strict=True)] for both in (results, baseline)
    )

    def both(chosen: Sequence[int]) -> dict[str, Any]:
        return errors([rows[k] for k in chosen], seed) | {
            "baselines": {"constant": errors([constant[k] for k in chosen], seed)}
        }

    curves: list[dict[str, Any]] = []
    for path in scans:
        _, frames, refused = _read(path, networks[0])
        rejections += refused
        energies = [one["energy"] for one in predict(networks, [one.atoms for one in frames])]
        constants = [_constant(networks[0], one)["energy"] for one in frames]
        curves += scan_rows(path.name.split(".")[0], frames, energies, constants)
    names = list(dict.fromkeys(one.group or "ungrouped" for one in usable))
    members = {
        name: [k for k, one in enumerate(usable) if (one.group or "ungrouped") == name] for name in names
    }
    summary = {
        "structures": structures,
        **both(range(len(usable))),
        "groups": {name: both(chosen) for name, chosen in members.items()} if len(names) > 1 else {},
        "elements": _by_element(usable, results, baseline, seed),
        "scans": {name: _scan(curves, name, seed) for name in dict.fromkeys(row["scan"] for row in curves)},
        "definitions": as_json(DEFINITIONS),
    }
    _write_tables(folder, rows, usable, results, curves)
    write_rejected(folder / "rejected.csv", rejections)
    write_json(folder / "summary.json", summary)
    return summary


def _read(
    path: Path, network: GauntPotential, ids: Iterable[str] | None = None
) -> tuple[int, list[Configuration], list[Rejection]]:
    """Count the structures of a file without isolated atoms; those to score, and why others are not."""
    rows, unreadable = read_parts(path, ids)
    _, structures = atomic_energies(rows)
    rejections = [Rejection(one.id, "score", one.reason) for one in unreadable]
    elements = set(network.elements)
    usable = []
    for one in structures:
        foreign = sorted(set(one.atoms.numbers.tolist()) - elements)
        if one.energy is not None and not foreign:
            usable.append(one)
        elif foreign:
            symbols = ", ".join(chemical_symbols[number] for number in foreign)
            rejections.append(Rejection(one.id, "score", f"the potential has not seen {symbols}"))
        else:
            rejections.append(Rejection(one.id, "score", no_energy(one)))
    return len(structures) + len(unreadable), usable, rejections


def _constant(network: GauntPotential, one: Configuration) -> dict[str, Any]:
    """Return what needs no training but its statistics."""
    energies = dict(zip(network.elements, network.atomic_energies.tolist(), strict=True))
    total = sum(energies[int(z)] + float(network.shift) for z in one.atoms.numbers)
    return {"energy": total, "forces": np.zeros((len(one.atoms), 3))}


def _row(one: Configuration, result: dict[str, Any]) -> dict[str, Any]:
    row = {"id": one.id, "group": one.group, "atoms": len(one.atoms), "energy": one.energy}
    row |= {"predicted": result["energy"], **force_errors(result["forces"], one.forces)}
    if "energy_spread" in result:
        row |= {"energy_spread": result["energy_spread"], "force_spread": result["force_spread"].max()}
    return row


def _by_element(
    usable: Sequence[Configuration],
    results: Sequence[dict[str, Any]],
    baseline: Sequence[dict[str, Any]],
    seed: int,
) -> dict[str, Any]:
    """Return force errors of the atoms of each element, by atomic number; ``n`` counts structures."""
    table: dict[str, Any] = {}
    for z in sorted({int(z) for one in usable if one.forces is not None for z in one.atoms.numbers}):

        def rows(values: Sequence[dict[str, Any]], z: int = z) -> list[dict[str, Any]]:
            return [
                {"atoms": int(mine.sum()), "energy": np.nan, "predicted": np.nan}
                | force_errors(result["forces"][mine], one.forces[mine])
                for one, result in zip(usable, values, strict=True)
                if one.forces is not None and (mine := one.atoms.numbers == z).any()
            ]

        table[chemical_symbols[z]] = errors(rows(results), seed, FORCES) | {
            "baselines": {"constant": errors(rows(baseline), seed, FORCES)}
        }
    return table


def _scan(curves: Sequence[dict[str, Any]], name: str, seed: int) -> dict[str, Any]:
    rows = [row for row in curves if row["scan"] == name]
    return scan_errors(rows, "predicted", seed) | {
        "baselines": {"constant": scan_errors(rows, "constant", seed)}
    }


def _write_tables(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    usable: Sequence[Configuration],
    results: Sequence[dict[str, Any]],
    curves: Sequence[dict[str, Any]],
) -> None:
    with atomic_path(folder / "structures.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
    with atomic_path(folder / "scans.csv") as temporary:
        pd.DataFrame(curves, columns=SCAN_COLUMNS).to_csv(temporary, index=False)
    atoms = [
        {"id": one.id, "element": chemical_symbols[z], "reference": reference, "predicted": predicted}
        for one, result in zip(usable, results, strict=True)
        if one.forces is not None
        for z, reference, predicted in zip(
            one.atoms.numbers, one.forces.tolist(), result["forces"].tolist(), strict=True
        )
    ]
    with atomic_path(folder / "atoms.parquet") as temporary:
        pq.write_table(pa.Table.from_pylist(atoms, ATOM_SCHEMA), temporary)
