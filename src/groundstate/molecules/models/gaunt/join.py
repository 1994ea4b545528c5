"""Join a ``gaunt`` and a ``distogram`` training to one model, and publish its weights.

``python -m groundstate.molecules.models.gaunt.join GAUNT DISTOGRAM OUTPUT.safetensors NAME=FOLDER ...``

For each convention of GAUNT that DISTOGRAM learned the folder of its data set, as the workflow lays it out:
its validation part decides how far the distogram is trusted. NAME is empty for a model of one data set.
Either training may be safetensors.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from groundstate.molecules.models.examples import DataSet, training_part
from groundstate.molecules.models.gaunt.batches import GauntExample
from groundstate.molecules.models.gaunt.choice import Choice
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.gaunt.validation import validated
from groundstate.molecules.models.load import load_model
from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.portable import save_portable
from groundstate.training.publish import provenance_of

TRUSTS = (0.0, 0.25, 0.5, 1.0, 2.0)  # of sums over pairs that are not independent


def join(gaunt: Path, distogram: Path, output: Path, folders: Mapping[str, Path]) -> dict[str, Any]:
    """Write the joined weights; give what was decided of each convention.

    Raises ``GroundstateError`` where a file is not whole or the model has no such convention.
    """
    first = load_model(gaunt, torch.device("cpu"), "gaunt")
    second = load_model(distogram, torch.device("cpu"), "distogram")
    config = first.config | {"distogram": second.config}
    joined = GauntModel(config).eval().requires_grad_(False)
    added = {f"distogram.{name}": value for name, value in second.state_dict().items()}
    joined.load_state_dict(first.state_dict() | added)
    keys = ("choices", "calibrations")
    trusts, kept = {}, {key: dict(config.get(key) or {}) for key in keys}
    decided: dict[str, Any] = {}
    for name, folder in folders.items():
        joined.convention = name or None
        examples = _validation(joined, name, folder)
        means = {trust: _mean_error(joined, name, trust, examples) for trust in TRUSTS}
        trusts[name] = min(means, key=lambda one: (means[one], one))
        joined.config["trust"] = trusts
        found = joined.calibrate(examples)
        for key in keys:
            kept[key] |= {one: value for one, value in found[key].items() if one == name}
        if not name:
            config["calibration"] = found["calibration"]
        decided[name] = {"molecules": len(examples), "trust": trusts[name], "rmsd": means}
    provenance = provenance_of(gaunt) | {"distogram": provenance_of(distogram), "joined": decided}
    config |= kept | {"trust": trusts}
    save_portable(joined.state_dict(), config, load_checkpoint(gaunt).step, provenance, output)
    return decided


def _validation(model: GauntModel, name: str, folder: Path) -> list[GauntExample]:
    names = ("prepared/records.parquet", "prepared/splits.csv", "conformers/conformers.parquet")
    files = DataSet(name, *(folder / one for one in names))
    part = training_part([files], "random", "validation", "mmff")
    made = (model.example(one._replace(convention=name or None), reference) for one, reference in part)
    return [one for one in made if one is not None]


def _mean_error(model: GauntModel, name: str, trust: float, examples: Sequence[GauntExample]) -> float:
    """Compute the mean RMSD, angstrom, of what the ranker chooses with so much trust."""
    model.config["trust"] = {name: trust}
    way: Choice = "distances" if model.rules(name or None)["hand"] else "rmsd"
    return float(np.mean([error for _, error in validated(model, examples)[way]]))


if __name__ == "__main__":
    named = dict(one.split("=", 1) for one in sys.argv[4:])
    gaunt, distogram, output = map(Path, sys.argv[1:4])
    folders = {name: Path(folder) for name, folder in named.items()}
    print(json.dumps(join(gaunt, distogram, output, folders), indent=1))
