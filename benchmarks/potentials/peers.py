"""3BPA by mace-torch of the same size: the same structures, one thread, scored by the same function.

python benchmarks/potentials/peers.py --data FOLDER --output FOLDER --python VENV/bin/python [--epochs 100]

``VENV`` has mace-torch, which pins another e3nn than this package: ``pip install torch==2.13.0
mace-torch==0.3.16``. Of ``train_300K`` the 450 structures that ``three_bpa.py --seed`` learns from and the 50
that it validates on; test frames by temperature. Recipe of the Gaunt paper's runs (weights of the loss,
amsgrad, weight decay), with a rate that falls to a hundredth by the last epoch. CPU time is that of the
training's process since it was last begun; the curve is of its validation errors, spread evenly over it.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

from ase import Atoms
from ase.io import iread, write

sys.path.insert(0, str(Path(__file__).parent))
from three_bpa import lay_out

from groundstate.files import write_json
from groundstate.interatomic.data import Configuration, atomic_energies, load_configurations
from groundstate.interatomic.train import _parts
from groundstate.metrics.interatomic.errors import errors, force_errors


def labelled(one: Configuration) -> Atoms:
    """The structure with its labels under the names that mace reads."""
    atoms = Atoms(one.atoms.numbers, positions=one.atoms.positions)
    atoms.info["REF_energy"] = one.energy
    atoms.info["config_type"] = one.group or "Default"
    atoms.new_array("REF_forces", one.forces)
    return atoms


def by_temperature(path: Path, structures: list[Configuration], seed: int) -> dict[str, dict]:
    """Errors of what mace predicted for the structures, in their order."""
    groups = defaultdict(list)
    for atoms, one in zip(iread(path, format="extxyz"), structures, strict=True):
        row = {"atoms": len(atoms), "energy": one.energy, "predicted": atoms.info["MACE_energy"]}
        groups[one.group].append(row | force_errors(atoms.arrays["MACE_forces"], one.forces))
    return {group: errors(rows, seed) for group, rows in groups.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True, help="interpreter that has mace-torch")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    lay_out(options.data, output)
    isolated, structures = atomic_energies(load_configurations(output / "train.xyz"))
    for name, part in zip(("fit", "validation"), _parts(structures, None, options.seed), strict=True):
        write(output / f"mace_{name}.xyz", [labelled(one) for one in part], format="extxyz")
    test = load_configurations(output / "test.xyz")
    write(output / "mace_test.xyz", [labelled(one) for one in test], format="extxyz")
    python = [str(options.python.absolute()), "-m"]
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    environment["OMP_NUM_THREADS"] = "1"
    settings = {
        "name": "mace", "train_file": "mace_fit.xyz", "valid_file": "mace_validation.xyz", "E0s": isolated,
        "energy_key": "REF_energy", "forces_key": "REF_forces", "model": "MACE", "num_channels": 32,
        "max_L": 1, "max_ell": 3, "correlation": 3, "num_interactions": 2, "r_max": 5.0,
        "scaling": "rms_forces_scaling", "batch_size": 5, "valid_batch_size": 50, "lr": 0.01,
        "weight_decay": 5e-7, "ema_decay": 0.99, "energy_weight": 1.0, "forces_weight": 1000.0,
        "scheduler": "ExponentialLR", "lr_scheduler_gamma": 0.01 ** (1 / options.epochs),
        "max_num_epochs": options.epochs,
        "eval_interval": 1, "default_dtype": "float32", "device": "cpu", "seed": options.seed,
    }  # fmt: skip
    flags = [f"--{key}={value}" for key, value in settings.items()]
    flags += ["--ema", "--amsgrad", "--restart_latest"]
    command = [*python, "mace.cli.run_train", *flags]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd=output, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
    files = ["--configs=mace_test.xyz", "--model=mace.model", "--output=predicted.xyz"]
    dtype = ["--default_dtype=float32", "--device=cpu"]
    subprocess.run(
        [*python, "mace.cli.eval_configs", *files, *dtype], check=True, cwd=output, env=environment
    )
    lines = [
        json.loads(line) for path in output.glob("results/*.txt") for line in path.read_text().splitlines()
    ]
    curve = [
        1e3 * line["rmse_f"] for line in lines if line.get("mode") == "eval" and line["epoch"] is not None
    ]
    groups = by_temperature(output / "predicted.xyz", test, options.seed)
    write_json(output / "summary.json", {"cpu_minutes": minutes, "validation": curve, "groups": groups})
    for number in range(0, len(curve), max(1, len(curve) // 10)):
        share = (number + 1) / len(curve)
        print(f"{share * minutes:.1f} minutes of CPU: validation force RMSE {curve[number]:.1f} meV/angstrom")
    for name, row in groups.items():
        energy, force = row["energy_rmse"], row["force_rmse"]
        print(f"{name}: n = {row['n']}, energy RMSE {energy:.1f} meV, force RMSE {force:.1f} meV/angstrom")
    print(f"training: {minutes:.1f} minutes of CPU")


if __name__ == "__main__":
    main()
