"""N-body experiment: five charged particles, a steerable network with Gaunt or with Clebsch-Gordan products.

python benchmarks/nbody/run.py --output FOLDER [--product clebsch-gordan] [--steps 3000] [--seed N]

3,000 trajectories to learn from, 2,000 that choose the weights, 2,000 for the test; mean square
error of the positions 1,000 steps after the input, beside a straight flight and beside no motion. Killed, it
goes on; CPU time is of the training with its validations, in all its parts that were not killed with -9.
"""

import argparse
import atexit
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parent))
from network import PRODUCTS, ParticleNetwork
from simulation import dataset

from groundstate.files import atomic_path
from groundstate.training.checkpoints import load_checkpoint
from groundstate.training.fit import fit
from groundstate.training.settings import TrainingSettings
from groundstate.training.task import TrainingData, TrainingTask

INPUTS = ("positions", "velocities", "charges")
RESAMPLES = 2000


def squared_errors(predicted: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Mean over particles and components, (n,)."""
    return ((predicted - targets).astype(np.float64) ** 2).mean((1, 2))


def interval(values: np.ndarray) -> str:
    """Mean times 1,000 with its bootstrap interval over trajectories."""
    rng = np.random.default_rng(0)
    means = [values[rng.integers(len(values), size=len(values))].mean() for _ in range(RESAMPLES)]
    low, high = np.quantile(means, [0.025, 0.975])
    return f"{1e3 * values.mean():.2f} ({1e3 * low:.2f} to {1e3 * high:.2f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--product", choices=PRODUCTS, default="gaunt")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--channels", type=int, default=32)
    parser.add_argument("--lmax", type=int, default=1)
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--learning-rate", type=float, default=2e-3)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    data = options.output / "trajectories.npz"
    if not data.exists():
        with atomic_path(data) as temporary, temporary.open("wb") as handle:
            np.savez(handle, **dataset(0))
    with np.load(data) as arrays:
        tensors = {name: torch.from_numpy(array) for name, array in arrays.items()}
    config = {
        "kind": "nbody",
        "network": {
            "product": options.product, "channels": options.channels, "lmax": options.lmax,
            "layers": options.layers,
        },
    }  # fmt: skip
    torch.manual_seed(options.seed)
    network = ParticleNetwork(**config["network"])

    def part(name: str) -> TrainingData:
        columns = [tensors[f"{name}_{key}"] for key in (*INPUTS, "targets")]
        return TrainingData(
            len(columns[0]), lambda indices, generator: tuple(one[indices] for one in columns)
        )

    def loss(network: ParticleNetwork, batch: tuple, generator: torch.Generator) -> tuple:
        *given, targets = batch
        return (network(*given) - targets).square().mean(), {}

    settings = TrainingSettings(
        max_steps=options.steps, batch_size=50, learning_rate=options.learning_rate,
        weight_decay=options.weight_decay, warmup_steps=100,
        ema_decay=0.995, checkpoint_every=250, device="cpu",
    )  # fmt: skip
    task = TrainingTask(
        network, loss, part("train"), part("validation"), settings, options.seed, config, [data]
    )
    clock = options.output / "cpu_seconds.txt"
    begun = time.process_time()

    def note() -> None:
        with clock.open("a") as lines:
            lines.write(f"{time.process_time() - begun:.1f}\n")

    best = options.output / "best.ckpt"
    if not best.exists():
        atexit.register(note)
        fit(task, options.output, name=f"n-body {options.product} seed {options.seed}")
        atexit.unregister(note)
        note()
    network.load_state_dict(load_checkpoint(best, "nbody").state_dict)
    positions, velocities, charges, targets = (tensors[f"test_{key}"] for key in (*INPUTS, "targets"))
    columns = [one.split(250) for one in (positions, velocities, charges)]
    with torch.no_grad():
        predicted = torch.cat([network(*rows) for rows in zip(*columns, strict=True)]).numpy()
    errors = squared_errors(predicted, targets.numpy())
    with atomic_path(options.output / "errors.npy") as temporary, temporary.open("wb") as handle:
        np.save(handle, errors)
    x, v, y = positions.numpy(), velocities.numpy(), targets.numpy()
    result = {
        "product": options.product,
        "steps": options.steps,
        "parameters": sum(weight.numel() for weight in network.parameters()),
        "cpu_minutes": round(sum(map(float, clock.read_text().split())) / 60, 2),
        "mse_x1000": interval(errors),
        "straight_x1000": interval(squared_errors(x + v, y)),
        "still_x1000": interval(squared_errors(x, y)),
    }
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
