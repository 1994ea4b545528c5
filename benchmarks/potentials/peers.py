"""3BPA by mace-torch or nequip of the same size: the same structures, one thread, the same score.

python benchmarks/potentials/peers.py --peer mace|nequip --data FOLDER --output FOLDER
    --python VENV/bin/python [--epochs 100] [--lmax 2]

``VENV`` has the peer, whose pins differ from this package's: ``pip install torch==2.13.0`` with
``mace-torch==0.3.16`` or with ``nequip==0.19.1``. Of ``train_300K`` the 450 structures that ``three_bpa.py
--seed`` learns from and the 50 that it validates on; test frames by temperature. Both with the recipe of the
Gaunt paper's runs (weights of the loss, amsgrad, weight decay) and a rate that falls to a hundredth by the
last epoch. Where it pays (nequip), the peer trains through ``torch.compile``, whose time counts. CPU time is
that of the training's process since it was last begun; the curve is of its validation errors, spread evenly
over it.
"""

import argparse
import csv
import json
import os
import resource
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from ase import Atoms
from ase.data import chemical_symbols
from ase.io import iread, write

sys.path.insert(0, str(Path(__file__).parent))
from three_bpa import lay_out

from groundstate.files import write_json
from groundstate.interatomic.data import Configuration, atomic_energies, load_configurations
from groundstate.interatomic.train import training_parts
from groundstate.metrics.interatomic.errors import errors, force_errors

BATCH, TEST_BATCH, RATE, LAST_RATE, WEIGHT_DECAY, EMA = 5, 50, 0.01, 0.01, 5e-7, 0.99
ENERGY_WEIGHT, FORCE_WEIGHT, CHANNELS, LAYERS, CUTOFF = 1.0, 1000.0, 32, 2, 5.0


class Run(NamedTuple):
    """What a peer is told; files fit.xyz, validation.xyz and test.xyz lie in the folder."""

    folder: Path
    python: Path
    epochs: int
    lmax: int
    seed: int
    isolated: dict[int, float]

    def call(self, *command: str) -> None:
        """Run a command of the peer's environment in the folder with one thread."""
        environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        environment["OMP_NUM_THREADS"] = "1"
        subprocess.run([str(self.python), *command], check=True, cwd=self.folder, env=environment)

    @property
    def decay(self) -> float:
        """Factor on the rate after every epoch."""
        return LAST_RATE ** (1 / self.epochs)


def mace(run: Run) -> tuple[Path, str, str]:
    """Train and predict; the file of predictions and the keys of energy and forces in it."""
    settings = {
        "name": "mace", "train_file": "fit.xyz", "valid_file": "validation.xyz", "E0s": run.isolated,
        "energy_key": "REF_energy", "forces_key": "REF_forces", "model": "MACE", "num_channels": CHANNELS,
        "max_L": 1, "max_ell": run.lmax, "correlation": 3, "num_interactions": LAYERS, "r_max": CUTOFF,
        "scaling": "rms_forces_scaling", "batch_size": BATCH, "valid_batch_size": TEST_BATCH, "lr": RATE,
        "weight_decay": WEIGHT_DECAY, "ema_decay": EMA, "energy_weight": ENERGY_WEIGHT,
        "forces_weight": FORCE_WEIGHT, "scheduler": "ExponentialLR", "lr_scheduler_gamma": run.decay,
        "max_num_epochs": run.epochs, "eval_interval": 1, "default_dtype": "float32", "device": "cpu",
        "seed": run.seed,
    }  # fmt: skip
    flags = [f"--{key}={value}" for key, value in settings.items()]
    run.call("-m", "mace.cli.run_train", *flags, "--ema", "--amsgrad", "--restart_latest")
    files = ["--configs=test.xyz", "--model=mace.model", "--output=predicted.xyz"]
    run.call("-m", "mace.cli.eval_configs", *files, "--default_dtype=float32", "--device=cpu")
    return run.folder / "predicted.xyz", "MACE_energy", "MACE_forces"


def mace_curve(folder: Path) -> list[float]:
    """Validation force RMSE after every epoch, meV/angstrom."""
    lines = [
        json.loads(line) for path in folder.glob("results/*.txt") for line in path.read_text().splitlines()
    ]
    return [
        1e3 * line["rmse_f"] for line in lines if line.get("mode") == "eval" and line["epoch"] is not None
    ]


def nequip(run: Run) -> tuple[Path, str, str]:
    """Train and predict; the file of predictions and the keys of energy and forces in it."""
    energies = {chemical_symbols[number]: energy for number, energy in run.isolated.items()}
    names, one = list(energies), {"_target_": "torch.utils.data.DataLoader", "num_workers": 0}
    folder, nothing = str(run.folder), {"hydra": {"run": {"dir": str(run.folder)}}}
    metrics = {
        "_target_": "nequip.train.EnergyForceMetrics",
        "coeffs": {"total_energy_rmse": 0.0, "forces_rmse": 1.0},
    }
    (run.folder / "predicted_dataset0.xyz").unlink(missing_ok=True)  # else it is added to
    config = nothing | {
        "run": ["train", "test"],
        "data": {
            "_target_": "nequip.data.datamodule.ASEDataModule", "seed": run.seed,
            "train_file_path": f"{folder}/fit.xyz", "val_file_path": f"{folder}/validation.xyz",
            "test_file_path": f"{folder}/test.xyz",
            "key_mapping": {"REF_energy": "total_energy", "REF_forces": "forces"},
            "include_keys": ["REF_energy", "REF_forces"],
            "transforms": [
                {"_target_": "nequip.data.transforms.ChemicalSpeciesToAtomTypeMapper",
                 "model_type_names": names, "chemical_species_to_atom_type_map": {n: n for n in names}},
                {"_target_": "nequip.data.transforms.NeighborListTransform", "r_max": CUTOFF},
            ],
            "train_dataloader": one | {"batch_size": BATCH, "shuffle": True},
            "val_dataloader": one | {"batch_size": TEST_BATCH},
            "test_dataloader": one | {"batch_size": TEST_BATCH},
            "stats_manager": {
                "_target_": "nequip.data.CommonDataStatisticsManager", "type_names": names,
                "dataloader_kwargs": {"batch_size": TEST_BATCH},
            },
        },
        "trainer": {
            "_target_": "lightning.Trainer", "accelerator": "cpu", "enable_progress_bar": False,
            "max_epochs": run.epochs, "log_every_n_steps": 90,
            "logger": {"_target_": "lightning.pytorch.loggers.CSVLogger", "save_dir": folder, "name": "log"},
            "callbacks": [
                {"_target_": "lightning.pytorch.callbacks.ModelCheckpoint", "dirpath": folder,
                 "monitor": "val0_epoch/weighted_sum", "filename": "best", "save_last": True},
                {"_target_": "nequip.train.callbacks.TestTimeXYZFileWriter",
                 "out_file": f"{folder}/predicted", "chemical_symbols": names},
            ],
        },
        "training_module": {
            "_target_": "nequip.train.EMALightningModule", "ema_decay": EMA,
            "loss": {
                "_target_": "nequip.train.EnergyForceLoss", "per_atom_energy": True,
                "coeffs": {"total_energy": ENERGY_WEIGHT, "forces": FORCE_WEIGHT},
            },
            "val_metrics": metrics, "test_metrics": metrics,
            "optimizer": {
                "_target_": "torch.optim.Adam", "lr": RATE, "amsgrad": True, "weight_decay": WEIGHT_DECAY,
            },
            "lr_scheduler": {
                "scheduler": {"_target_": "torch.optim.lr_scheduler.ExponentialLR", "gamma": run.decay},
                "interval": "epoch", "frequency": 1,
            },
            "model": {
                "_target_": "nequip.model.NequIPGNNModel", "compile_mode": "compile", "seed": run.seed,
                "model_dtype": "float32", "type_names": names, "r_max": CUTOFF, "num_layers": LAYERS,
                "l_max": run.lmax, "parity": False, "num_features": CHANNELS, "radial_mlp_depth": 2,
                "radial_mlp_width": 64, "avg_num_neighbors": "${training_data_stats:num_neighbors_mean}",
                "per_type_energy_scales": "${training_data_stats:forces_rms}",
                "per_type_energy_shifts": energies, "per_type_energy_scales_trainable": False,
                "per_type_energy_shifts_trainable": False,
            },
        },
        "global_options": {"allow_tf32": False},
    }  # fmt: skip
    write_json(run.folder / "config.yaml", config)  # JSON is YAML
    last = run.folder / "last.ckpt"
    begun = [f"++ckpt_path={last}"] if last.exists() else []
    run.call("-m", "nequip.scripts.train", "-cp", folder, "-cn", "config", *begun)
    return run.folder / "predicted_dataset0.xyz", "energy", "forces"


def nequip_curve(folder: Path) -> list[float]:
    """Validation force RMSE after every epoch, meV/angstrom."""
    values = []
    for path in sorted(folder.glob("log/version_*/metrics.csv"), key=lambda one: one.stat().st_mtime):
        with path.open(newline="") as lines:
            column = [row.get("val0_epoch/forces_rmse") for row in csv.DictReader(lines)]
        values += [1e3 * float(value) for value in column if value]
    return values


PEERS: dict[str, tuple[Callable[[Run], tuple[Path, str, str]], Callable[[Path], list[float]], int]] = {
    "mace": (mace, mace_curve, 3),
    "nequip": (nequip, nequip_curve, 2),
}


def labelled(one: Configuration) -> Atoms:
    """The structure with its labels under the names that the peers read."""
    atoms = Atoms(one.atoms.numbers, positions=one.atoms.positions)
    atoms.info["REF_energy"] = one.energy
    atoms.info["config_type"] = one.group or "Default"
    atoms.new_array("REF_forces", one.forces)
    return atoms


def by_temperature(
    predicted: tuple[Path, str, str], structures: list[Configuration], seed: int
) -> dict[str, dict]:
    """Errors of what a peer predicted for the structures, in their order."""
    path, energy, forces = predicted
    groups = defaultdict(list)
    for atoms, one in zip(iread(path, format="extxyz"), structures, strict=True):
        labels = atoms.info | atoms.arrays | (atoms.calc.results if atoms.calc else {})
        row = {"atoms": len(atoms), "energy": one.energy, "predicted": float(labels[energy])}
        groups[one.group].append(row | force_errors(labels[forces], one.forces))
    return {group: errors(rows, seed) for group, rows in groups.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--peer", choices=PEERS, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True, help="interpreter that has the peer")
    parser.add_argument("--epochs", type=int, default=100)
    parser.add_argument("--lmax", type=int, help="default: 3 for mace, 2 for nequip")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    train, curve_of, lmax = PEERS[options.peer]
    output = options.output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    lay_out(options.data, output)
    isolated, structures = atomic_energies(load_configurations(output / "train.xyz"))
    test = load_configurations(output / "test.xyz")
    folder = output / options.peer
    folder.mkdir(exist_ok=True)
    for name, part in zip(
        ("fit", "validation", "test"), (*training_parts(structures, None, options.seed), test), strict=True
    ):
        write(folder / f"{name}.xyz", [labelled(one) for one in part], format="extxyz")
    run = Run(folder, options.python.absolute(), options.epochs, options.lmax or lmax, options.seed, isolated)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    predicted = train(run)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    minutes = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / 60
    curve = curve_of(folder)
    groups = by_temperature(predicted, test, options.seed)
    write_json(output / "summary.json", {"cpu_minutes": minutes, "validation": curve, "groups": groups})
    for number in range(0, len(curve), max(1, len(curve) // 10)):
        share = (number + 1) / len(curve)
        print(f"{share * minutes:.1f} minutes of CPU: validation force RMSE {curve[number]:.1f} meV/angstrom")
    for name, row in groups.items():
        energy, force = row["energy_rmse"], row["force_rmse"]
        print(f"{name}: n = {row['n']}, energy RMSE {energy:.1f} meV, force RMSE {force:.1f} meV/angstrom")
    print(f"training and predictions: {minutes:.1f} minutes of CPU")


if __name__ == "__main__":
    main()
