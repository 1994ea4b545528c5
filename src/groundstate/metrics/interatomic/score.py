"""Errors of a potential in energies and forces, in all and by group, beside those of a constant."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.interatomic.calculator import load_network, predict
from groundstate.interatomic.data import Configuration, atomic_energies, load_configurations
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.metrics.definition import Definition
from groundstate.records import Rejection, read_split, write_rejected

SOURCE = "Kovacs et al., J. Chem. Theory Comput. 17, 7696 (2021)"
DEFINITIONS = {
    "energy_rmse": Definition(
        "root mean square error of the energy per structure", SOURCE, "meV", "lower", "energy RMSE", digits=1
    ),
    "energy_rmse_shifted": Definition(
        "the same after the mean error of the group is taken off: what differences of energies are worth",
        "groundstate",
        "meV",
        "lower",
        "energy RMSE, shifted",
        digits=1,
    ),
    "energy_mae_per_atom": Definition(
        "mean absolute error of the energy per atom", SOURCE, "meV/atom", "lower", "energy MAE", digits=2
    ),
    "force_rmse": Definition(
        "root mean square error of the force components, pooled over atoms", SOURCE, "meV/Å", "lower",
        "force RMSE", digits=1,
    ),
    "force_mae": Definition(
        "mean absolute error of the force components, pooled over atoms", SOURCE, "meV/Å", "lower",
        "force MAE", digits=1,
    ),
}  # fmt: skip


def score(
    checkpoints: Sequence[Path],
    data: Path,
    folder: Path,
    splits: Path | None = None,
    device: str = "auto",
    seed: int = 0,
) -> dict[str, Any]:
    """Write summary.json, structures.csv and rejected.csv; give the summary.

    Each group (temperature, file) and ``all`` has its errors with 95 % bootstrap intervals over structures,
    and the row ``constant``: zero forces and the mean interaction energy of the checkpoint, what anything
    must beat. With several checkpoints (a committee) their mean is scored.

    Parameters
    ----------
    checkpoints
        ``best.ckpt`` of one training or several.
    data
        Records or extxyz with energies (eV) and forces (eV/angstrom).
    splits
        Split file of the records: only its test part is scored.

    Raises
    ------
    GroundstateError
        Nothing can be scored.
    """
    ids = None if splits is None else read_split(splits, "random", "test")
    _, structures = atomic_energies(load_configurations(data, ids))
    networks = [load_network(path, device, torch.float64) for path in checkpoints]
    known = set(networks[0].elements)
    usable = [
        one for one in structures if one.energy is not None and set(one.atoms.numbers.tolist()) <= known
    ]
    kept = {one.id for one in usable}
    rejections = [
        Rejection(one.id, "score", "no energy, or an element that the potential has not seen")
        for one in structures
        if one.id not in kept
    ]
    if not usable:
        raise GroundstateError(f"{data}: no structure to score; see {folder / 'rejected.csv'}")
    results = predict(networks, [one.atoms for one in usable])
    rows = [_row(one, result) for one, result in zip(usable, results, strict=True)]
    network = networks[0]
    energies = dict(zip(network.elements, network.atomic_energies.tolist(), strict=True))
    constant = [
        _row(
            one,
            {
                "energy": sum(energies[int(z)] + float(network.shift) for z in one.atoms.numbers),
                "forces": np.zeros((len(one.atoms), 3)),
            },
        )
        for one in usable
    ]
    names = dict.fromkeys(one.group or "ungrouped" for one in usable)
    groups: dict[str, dict[str, Any]] = {}
    for name in ["all", *names] if len(names) > 1 else ["all"]:
        chosen = [k for k, one in enumerate(usable) if name in ("all", one.group or "ungrouped")]
        groups[name] = errors([rows[k] for k in chosen], seed) | {
            "constant": errors([constant[k] for k in chosen], seed)
        }
    summary = {
        "structures": len(structures),
        "scored": len(usable),
        "groups": groups,
        "definitions": {key: one.as_dict() for key, one in DEFINITIONS.items()},
    }
    with atomic_path(folder / "structures.csv") as temporary:
        pd.DataFrame(rows).to_csv(temporary, index=False)
    write_rejected(folder / "rejected.csv", rejections)
    write_json(folder / "summary.json", summary)
    return summary


def _row(one: Configuration, result: dict[str, Any]) -> dict[str, Any]:
    row = {
        "id": one.id,
        "group": one.group,
        "atoms": len(one.atoms),
        "energy": one.energy,
        "predicted": result["energy"],
        "force_square": np.nan,
        "force_absolute": np.nan,
    }
    if one.forces is not None:
        apart = result["forces"] - one.forces
        row |= {"force_square": float((apart**2).mean()), "force_absolute": float(np.abs(apart).mean())}
    return row


def errors(rows: Sequence[dict[str, Any]], seed: int) -> dict[str, Any]:
    """Return the errors of rows of structures.csv in meV and meV/angstrom, with intervals over structures."""
    columns = ("atoms", "energy", "predicted", "force_square", "force_absolute")
    values = np.array([[float(row[key]) for key in columns] for row in rows])
    measures = {
        "energy_rmse": lambda v: np.sqrt(np.mean((v[:, 2] - v[:, 1]) ** 2)),
        "energy_rmse_shifted": lambda v: np.std(v[:, 2] - v[:, 1]),
        "energy_mae_per_atom": lambda v: np.mean(np.abs(v[:, 2] - v[:, 1]) / v[:, 0]),
        "force_rmse": lambda v: np.sqrt(np.average(v[:, 3], weights=v[:, 0])),
        "force_mae": lambda v: np.average(v[:, 4], weights=v[:, 0]),
    }
    result: dict[str, Any] = {"n": len(rows)}
    for name, measure in measures.items():
        kept = values if name.startswith("energy") else values[~np.isnan(values[:, 3])]
        if not len(kept):
            result |= {name: None, f"{name}_interval": None}
            continue
        low, high = bootstrap_interval(kept, measure, seed)
        result |= {name: 1e3 * float(measure(kept)), f"{name}_interval": [1e3 * low, 1e3 * high]}
    return result
