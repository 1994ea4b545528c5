"""N-body: the products against each other, trajectory by trajectory.

python benchmarks/nbody/compare.py --first FOLDER [FOLDER ...] --second FOLDER [FOLDER ...]

Folders of ``run.py``, one per seed. Squared errors are averaged over seeds; the difference second - first has
its 95 % interval over the same test trajectories. Means hang on few close encounters, so the share of
trajectories where the first is better and both medians stand beside them.
"""

import argparse
from pathlib import Path

import numpy as np
from run import interval


def errors(folders: list[Path]) -> np.ndarray:
    """Squared errors of every trajectory, mean over seeds."""
    return np.mean([np.load(folder / "errors.npy") for folder in folders], axis=0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--first", type=Path, nargs="+", required=True)
    parser.add_argument("--second", type=Path, nargs="+", required=True)
    options = parser.parse_args()
    first, second = errors(options.first), errors(options.second)
    for name, values in (("first", first), ("second", second), ("second - first", second - first)):
        print(f"{name}: {interval(values)}, median {1e3 * np.median(values):.3f}")
    print(f"first is better on {100 * np.mean(first < second):.0f} % of {len(first)} trajectories")


if __name__ == "__main__":
    main()
