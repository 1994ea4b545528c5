"""Measure where each kernel of the Gaunt product is the fastest; write the shipped rules (gaunt/kernels).

python benchmarks/gaunt/rules.py [--output FILE] [--runs 5]
"""

import argparse
import json
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import torch
from measure import race

from groundstate.gaunt.kernels import rules
from groundstate.gaunt.kernels.contract import contract
from groundstate.gaunt.kernels.contraction import Contraction, Port

OUTPUT = Path(rules.__file__).with_name("rules.json")
COLUMNS = (16, 64, 160, 640, 1600, 6400)
DEGREES = (1, 2, 3, 4, 6, 8, 10)


def times(lmax: int, batch: int, channels: int, kernels: tuple[str, ...], runs: int) -> dict[str, float]:
    """CPU time of one forward and backward pass of every kernel."""
    form = Contraction(*(Port(tuple(range(lmax + 1)), channels),) * 3)
    width = channels * (lmax + 1) ** 2

    def forced(kernel):
        def call(x, y):
            rules.kernel = lambda *_: kernel
            return contract(x, y, form)

        return call

    sides = {}
    for kernel in kernels:
        inputs = (
            torch.randn(batch, width, requires_grad=True),
            torch.randn(batch, width, requires_grad=True),
        )
        sides[kernel] = (forced(kernel), inputs)
    return {name: statistics.median(values) for name, values in race(sides, runs).items()}


def last_win(lmax: int, contender: str, others: tuple[str, ...], runs: int) -> int:
    """Largest number of columns up to which `contender` beats every one of `others`; 0 if it never does."""
    best = 0
    for columns in COLUMNS:
        found = times(lmax, columns, 1, (contender, *others), runs)
        if found[contender] > min(found[name] for name in others):
            break
        best = columns
    return best


def measure(runs: int) -> dict:
    """The thresholds in the form that `groundstate.gaunt.kernels.rules` reads."""
    dense, plain = {}, {}
    for lmax in DEGREES:
        plain[str(3 * lmax)] = last_win(lmax, "plain", ("full", "halves"), runs)
        if lmax <= 3:
            dense[str(3 * lmax)] = last_win(lmax, "dense", ("plain", "full"), runs)
        print(
            f"L={lmax}: plain up to {plain[str(3 * lmax)]}, dense up to {dense.get(str(3 * lmax), 0)}",
            flush=True,
        )
    entries = 0
    for lmax in (1, 2, 3):
        found = times(lmax, 1000, 64, ("terms", "full"), runs)
        print(f"64 channels, L={lmax}: {found}", flush=True)
        if found["terms"] > found["full"]:
            break
        entries = 3 * lmax
    start = {}
    for name, batch, channels in (("one channel", 16000, 1), ("many channels", 500, 64)):
        wins = []
        for lmax in DEGREES:
            found = times(lmax, batch, channels, ("full", "halves"), runs)
            print(f"{name}, L={lmax}: {found}", flush=True)
            wins.append(found["halves"] < found["full"])
        first = next((i for i in range(len(wins)) if all(wins[i:])), None)
        start[name] = 10**6 if first is None else 3 * DEGREES[first]
    plain["60"] = plain[str(3 * DEGREES[-1])]
    return {
        "dense_up_to_columns": dense,
        "plain_up_to_columns": plain,
        "terms_up_to_degree": entries,
        "halves_from_degree": start,
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(0)
    arguments.output.write_text(json.dumps(measure(arguments.runs), indent=2) + "\n")


if __name__ == "__main__":
    main()
