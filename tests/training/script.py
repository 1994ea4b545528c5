"""A toy training, run as a process of its own so that tests can kill it."""

import sys
import time
from pathlib import Path

import torch

from groundstate.training.fit import fit
from groundstate.training.settings import TrainingSettings
from groundstate.training.task import TrainingData, TrainingTask


def main(
    folder: Path, delay: float = 0.0, seed: float = 0, micro_batches: float = 1, processes: float = 1
) -> None:
    target = torch.linspace(-1, 1, 50)[:, None]

    def batch(indices: list[int], generator: torch.Generator) -> dict[str, torch.Tensor]:
        return {"x": target[indices] + 0.01 * torch.randn(len(indices), 1, generator=generator)}

    def loss(network: torch.nn.Module, batch: dict, generator: torch.Generator) -> tuple[torch.Tensor, dict]:
        if torch.is_grad_enabled():
            time.sleep(delay)
        noise = 0.01 * torch.randn(batch["x"].shape, generator=generator)
        value = (network(batch["x"]) - 3 * batch["x"] + noise).square().mean()
        return value, {"root": value.sqrt().detach()}

    torch.manual_seed(int(seed))
    network = torch.nn.Sequential(
        torch.nn.Linear(1, 8), torch.nn.Dropout(0.1), torch.nn.SiLU(), torch.nn.Linear(8, 1)
    )
    task = TrainingTask(
        network=network,
        loss=loss,
        train=TrainingData(50, batch),
        validation=TrainingData(7, batch),
        settings=TrainingSettings(
            max_steps=70,
            batch_size=4,
            micro_batches=int(micro_batches),
            learning_rate=0.03,
            checkpoint_every=20,
            device="cpu",
        ),
        seed=int(seed),
        config={"kind": "toy", "model": "linear"},
    )
    fit(task, folder, processes=int(processes))


if __name__ == "__main__":
    main(
        Path(sys.argv[1]), **{key: float(value) for key, value in (word.split("=") for word in sys.argv[2:])}
    )
