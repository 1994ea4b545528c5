"""The ground states of a few molecules: conformers, single points, the distinct lowest relaxed."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from rdkit import Chem

from groundstate.ground_states.distinct import distinct
from groundstate.ground_states.relax import RelaxedGeometry, relax_geometries
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.aimnet2 import Aimnet2
from groundstate.molecular_potentials.interface import KCAL, MolecularPotential, pad
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.mols import mol_from_record
from groundstate.records import VECTORS

MINIMUM_SCHEMA = pa.schema(
    [
        ("id", pa.string()),
        ("rank", pa.int32()),  # 0: the ground state
        ("energy_ev", pa.float64()),
        ("relative_kcal", pa.float64()),  # above the ground state
        ("single_point_kcal", pa.float64()),  # of its conformer, above the lowest single point
        ("spread_ev", pa.float64()),  # standard deviation among the four networks
        ("relative_spread_kcal", pa.float64()),  # the same of the difference to the ground state
        ("force", pa.float64()),  # largest on an atom, eV/angstrom
        ("converged", pa.bool_()),
        ("calls", pa.int32()),  # energies with forces
        ("conformer", pa.int32()),  # which embedded one
        ("mmff94_kcal", pa.float64()),  # of that conformer, above the lowest; null where another force field
        ("positions", VECTORS),  # angstrom
    ]
)


class _Conformers(NamedTuple):
    name: str
    mol: Chem.Mol
    rows: Sequence[Mapping]
    energies: np.ndarray  # kcal/mol, of the rows


def find_ground_states(
    records: Sequence[Mapping], settings: LabelGeometry, potential: MolecularPotential
) -> dict[str, list[dict] | str]:
    """Minima of each molecule, lowest first (rows of ``MINIMUM_SCHEMA``), or why there are none, by id.

    Parameters
    ----------
    records
        Rows of ``MOLECULE_SCHEMA`` without a geometry, all hydrogens explicit, none refused by ``potential``.
    """
    results: dict[str, list[dict] | str] = {}
    ready = []
    embedding = EmbedConformers(num_conformers=settings.num_conformers, seed=settings.seed)
    for record in records:
        mol = mol_from_record(record)
        soundness = Soundness(mol)
        rows = [
            row
            for row in conformers_of(record["id"], mol, embedding)
            if row["method"] == "mmff" and row["stereo_kept"] and soundness.fault(row["positions"]) is None
        ]
        if rows:
            ready.append((record["id"], mol, rows))
        else:
            results[record["id"]] = "no sound conformer with its stereo could be embedded"
    points = potential.single_points(
        [mol for _, mol, rows in ready for _ in rows],
        [np.array(row["positions"]) for _, _, rows in ready for row in rows],
        settings.relax.batch_atoms,
    )
    ends = np.cumsum([len(rows) for _, _, rows in ready])
    found = [
        _Conformers(name, mol, rows, points[end - len(rows) : end] * KCAL)
        for (name, mol, rows), end in zip(ready, ends, strict=True)
    ]
    chosen = [
        [k for k in distinct(one.energies.tolist(), _positions(one.rows)) if np.isfinite(one.energies[k])]
        for one in found
    ]
    jobs = [(one, k) for one, few in zip(found, chosen, strict=True) for k in few[: settings.relaxed]]
    relaxed = relax_geometries(
        potential,
        [one.mol for one, _ in jobs],
        [np.array(one.rows[k]["positions"]) for one, k in jobs],
        settings.relax,
    )
    for one in found:
        mine = [(k, end) for (other, k), end in zip(jobs, relaxed, strict=True) if other is one]
        results[one.name] = _minima(one, mine, settings, potential)
    return results


def _positions(rows: Sequence[Mapping]) -> list[np.ndarray]:
    return [np.array(row["positions"]) for row in rows]


def _minima(
    one: _Conformers,
    relaxed: Sequence[tuple[int, RelaxedGeometry]],
    settings: LabelGeometry,
    potential: MolecularPotential,
) -> list[dict] | str:
    """Rows of the distinct sound minima, lowest first; the fault of the first where none is."""
    sound = [(k, end) for k, end in relaxed if end.fault is None and end.converged]
    if not sound:
        faults = [
            end.fault or f"not converged: a force of {end.force:.2f} eV/A is left" for _, end in relaxed
        ]
        return faults[0] if faults else f"{potential.title} gives no finite energy"
    order = distinct([end.energy * KCAL for _, end in sound], [end.positions for _, end in sound])
    minima = [sound[index] for index in order]
    networks = np.full((1, len(minima)), np.nan)
    if settings.spread and isinstance(potential, Aimnet2):
        positions = pad([end.positions for _, end in minima], potential.device)
        networks = potential.network_energies([one.mol] * len(minima), positions).cpu().numpy()
    fields = [row["force_field"] == "mmff94" for row in one.rows]
    lowest_mmff = min((row["energy"] for row, own in zip(one.rows, fields, strict=True) if own), default=0.0)
    lowest_point = float(np.min(one.energies[np.isfinite(one.energies)]))
    rows = []
    for rank, (k, end) in enumerate(minima):
        spreads = np.nan, np.nan
        if len(networks) > 1:
            difference = networks[:, rank] - networks[:, 0]
            spreads = float(networks[:, rank].std(ddof=1)), float(difference.std(ddof=1) * KCAL)
        rows.append(
            {
                "id": one.name,
                "rank": rank,
                "energy_ev": end.energy,
                "relative_kcal": (end.energy - minima[0][1].energy) * KCAL,
                "single_point_kcal": float(one.energies[k]) - lowest_point,
                "spread_ev": _number(spreads[0]),
                "relative_spread_kcal": _number(spreads[1]),
                "force": end.force,
                "converged": end.converged,
                "calls": end.calls,
                "conformer": one.rows[k]["conformer"],
                "mmff94_kcal": one.rows[k]["energy"] - lowest_mmff if fields[k] else None,
                "positions": end.positions.tolist(),
            }
        )
    return rows


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
