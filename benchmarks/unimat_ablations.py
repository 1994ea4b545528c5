"""The ablations of UniMat: encoding, target, min-SNR, self-conditioning, scaled skips, at base 16.

One row a variant and seed, each trained for the same CPU time on Perov-5 (records of the prepare stage) and
sampled once; ``--network patch`` takes a small transformer over patches of the table instead of the U-Net:

    python benchmarks/unimat_ablations.py --records R --splits S --output ablations --minutes 10
    python benchmarks/unimat_ablations.py --records R --splits S --output patch --minutes 1 --network patch \\
        --batch 128 --seeds 0 1 2 --only "null, eps (paper)" "null, v" "presence, eps" "presence, v"

Variants that are there already are left alone, so that an interrupted run goes on; the table is printed and
kept as ``table.csv``: CPU seconds, steps, losses, and of the samples the share that is structurally valid,
the atoms in a cell (5 is right) and the share with five atoms.
"""

import argparse
import time
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from timed_training import train_for
from torch import Tensor, nn

from groundstate.crystals.crystal import Crystal, from_record
from groundstate.crystals.models.base import CrystalModel, Request
from groundstate.crystals.models.embedding import wave_features
from groundstate.crystals.models.generate import generate
from groundstate.crystals.models.settings import TrainCrystals, Unimat
from groundstate.crystals.models.unimat.model import UnimatModel
from groundstate.crystals.structures import to_structure
from groundstate.files import atomic_path
from groundstate.metrics.crystals.structure_validity import structure_is_valid
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


class PatchNetwork(nn.Module):
    """In the U-Net's place: attention over the 18 patches of 3 x 3 elements."""

    def __init__(self, inputs: int, outputs: int, depth: int, width: int = 144, layers: int = 6) -> None:
        super().__init__()
        self.depth, self.width = depth, width
        self.first = nn.Linear(9 * depth * inputs, width)
        self.places = nn.Parameter(0.02 * torch.randn(18, width))
        self.time = nn.Sequential(nn.Linear(width, width), nn.SiLU(), nn.Linear(width, width))
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(width, 4, 4 * width, 0.0, "gelu", batch_first=True, norm_first=True)
            for _ in range(layers)
        )
        self.last = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, 9 * depth * outputs))

    def forward(self, features: Tensor, log_snr: Tensor, conditions: Tensor | None = None) -> Tensor:
        """(batch, inputs, L, 9, 18) -> (batch, outputs, L, 9, 18)."""
        patches = features.unflatten(4, (6, 3)).unflatten(3, (3, 3))  # batch, inputs, L, 3, 3, 6, 3
        tokens = self.first(patches.permute(0, 3, 5, 1, 2, 4, 6).flatten(3).flatten(1, 2))
        tokens = tokens + self.places + self.time(wave_features(log_snr / 20, self.width))[:, None]
        for layer in self.layers:
            tokens = layer(tokens)
        wide = self.last(tokens).unflatten(2, (-1, self.depth, 3, 3)).unflatten(1, (3, 6))
        return wide.permute(0, 3, 4, 1, 5, 2, 6).flatten(5, 6).flatten(3, 4)


class PatchModel(UnimatModel):
    """UniMat's representation and process with the patch network; not in the registry."""

    def __init__(self, config: dict) -> None:
        super().__init__(config)
        channels, settings = self.grid.channels + 6, self.settings
        inputs = channels * (2 if settings.self_conditioning else 1) + 2
        self.network = PatchNetwork(inputs, channels, self.depth)


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


def row_of(options: dict, seed: int, parts: dict[str, list[Crystal]], arguments: argparse.Namespace) -> dict:
    """Train and sample one variant."""
    settings = TrainCrystals(unimat=Unimat(width=arguments.width, blocks=arguments.blocks, **options))
    torch.manual_seed(seed)
    kind = PatchModel if arguments.network == "patch" else UnimatModel
    model = kind.build("unimat", parts["train"], settings)
    begun = time.process_time()
    seconds = 60 * arguments.minutes
    steps, loss, validation = train(model, parts, seconds, arguments.batch, arguments.rate, seed)
    trained = time.process_time()
    model.max_atoms = 118 * model.depth  # so that no slot that holds an atom is left out
    crystals = generate(model, Request(), arguments.num, seed, 8, arguments.sampling_steps)
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
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--network", choices=("unet", "patch"), default="unet")
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="a choice of variants")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    parts, path = load(arguments.records, arguments.splits), arguments.output / "table.csv"
    table = pd.read_csv(path).to_dict("records") if path.exists() else []
    done = {(row["variant"], row["seed"]) for row in table}
    for seed, variant in product(arguments.seeds, arguments.only or VARIANTS):
        if (variant, seed) not in done:
            table.append(
                {"variant": variant, "seed": seed, **row_of(VARIANTS[variant], seed, parts, arguments)}
            )
            with atomic_path(path) as temporary:
                pd.DataFrame(table).to_csv(temporary, index=False)
    print(pd.DataFrame(table).to_string(index=False))


if __name__ == "__main__":
    main()
