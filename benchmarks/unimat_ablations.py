"""The ablations of the U-Net: encoding, target, min-SNR, self-conditioning, scaled skips, at base 16.

One row a variant, each trained for the same CPU time on Perov-5 (records of the prepare stage), sampled once:

    python benchmarks/unimat_ablations.py --records R --splits S --output ablations --minutes 10

Variants that are there already are left alone, so that an interrupted run goes on; the table is printed and
kept as ``table.csv``: CPU seconds, steps, losses, and of the samples the share that is structurally valid,
the atoms in a cell (5 is right) and the share with five atoms.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from timed_training import train_for

from groundstate.crystals.crystal import Crystal, from_record
from groundstate.crystals.generation import generate
from groundstate.crystals.models.base import CrystalModel, Request
from groundstate.crystals.models.registry import model_type
from groundstate.crystals.train_settings import TrainCrystals, Unimat
from groundstate.files import atomic_path
from groundstate.metrics.crystal_files import to_structure
from groundstate.metrics.structure_validity import structure_is_valid
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split

VARIANTS: dict[str, dict] = {
    "null, eps (paper)": {},
    "null, v": {"target": "v"},
    "presence, eps": {"encoding": "presence"},
    "presence, v": {"encoding": "presence", "target": "v"},
    "presence, v, min-SNR": {"encoding": "presence", "target": "v", "min_snr_gamma": 5.0},
    "presence, v, self-conditioning": {"encoding": "presence", "target": "v", "self_conditioning": True},
    "presence, v, constant skips": {"encoding": "presence", "target": "v", "skip_scaling": "constant"},
    "presence, v, learned skips": {"encoding": "presence", "target": "v", "skip_scaling": "learned"},
}


def load(records: Path, splits: Path) -> dict[str, list[Crystal]]:
    """The crystals of the training and the validation part."""
    rows = {row["id"]: from_record(row) for row in read_records(records, CRYSTAL_SCHEMA)}
    return {
        part: [rows[one] for one in read_split(splits, "random", part)] for part in ("train", "validation")
    }


def train(
    model: CrystalModel, parts: dict[str, list[Crystal]], seconds: float, batch: int, rate: float, seed: int
):
    """Train for so many CPU seconds with a cosine of the time used; (steps, loss, validation loss)."""
    sets = {
        part: model.encode([one for one in crystals if model.fits(one)]) for part, crystals in parts.items()
    }
    generator = torch.Generator().manual_seed(seed)

    def loss_of(step: int) -> torch.Tensor:
        rows = torch.randint(len(parts["train"]), (batch,), generator=generator)
        return model.loss({key: values[rows] for key, values in sets["train"].items()}, generator)[0]

    losses = train_for(seconds, model, loss_of, rate, 0.995)
    with torch.no_grad():
        model.eval()
        few = {key: values[:batch] for key, values in sets["validation"].items()}
        validation, _ = model.loss(few, torch.Generator().manual_seed(seed))
    return len(losses), float(np.mean(losses[-50:])), float(validation)


def row_of(options: dict, parts: dict[str, list[Crystal]], arguments: argparse.Namespace) -> dict:
    """Train and sample one variant."""
    settings = TrainCrystals(unimat=Unimat(width=arguments.width, blocks=arguments.blocks, **options))
    torch.manual_seed(arguments.seed)
    model = model_type("unimat").build(parts["train"], settings)
    begun = time.process_time()
    steps, loss, validation = train(
        model, parts, 60 * arguments.minutes, arguments.batch, arguments.rate, arguments.seed
    )
    trained = time.process_time()
    crystals = generate(model, Request(), arguments.num, arguments.seed, 8, arguments.sampling_steps)
    atoms = np.array([len(one.atomic_numbers) for one in crystals])
    return {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "steps": steps,
        "train_cpu_s": round(trained - begun, 1),
        "train_loss": loss,
        "validation_loss": validation,
        "valid": float(np.mean([structure_is_valid(to_structure(one)) for one in crystals])),
        "atoms": float(atoms.mean()),
        "five_atoms": float((atoms == 5).mean()),
        "sample_cpu_s": round(time.process_time() - trained, 1),
    }


def main() -> None:
    """Read the arguments and fill the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--records", type=Path, required=True)
    parser.add_argument("--splits", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=10.0, help="CPU minutes of training a variant")
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--blocks", type=int, default=3)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--num", type=int, default=64, help="samples a variant")
    parser.add_argument("--sampling-steps", type=int, default=64)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="a choice of variants")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts, path = load(arguments.records, arguments.splits), arguments.output / "table.csv"
    table = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {row["variant"] for row in table}
    for variant in arguments.only or VARIANTS:
        if variant not in done:
            table.append({"variant": variant, **row_of(VARIANTS[variant], parts, arguments)})
            with atomic_path(path) as temporary:
                pd.DataFrame(table).to_csv(temporary, index=False)
    print(pd.DataFrame(table).to_string(index=False))


if __name__ == "__main__":
    main()
