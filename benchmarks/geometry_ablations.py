"""What each part of the `gaunt` geometry model is worth: variants trained for the same CPU time.

    python benchmarks/geometry_ablations.py PREPARED CONFORMERS/conformers.parquet --output DIR [--minutes 15]

One row a variant, scored on the test part with failures counted; `no ranker` and `no refiner` are steps of
the ladder of the same run. Variants that are there already are left alone; DIR/table.csv keeps the table.
"""

import argparse
import time
from pathlib import Path
from unittest import mock

import numpy as np
import pandas as pd
import torch
from e3nn import o3
from geometry_ladder import CHUNK, errors_of, metrics, steps_of
from timed_training import train_for
from torch import Tensor, nn

from groundstate.files import atomic_path
from groundstate.gaunt import GauntTensorProduct
from groundstate.gaunt.basis.forms import Port
from groundstate.gaunt.contraction.composed import from_dense, to_dense
from groundstate.molecules.conformers.hydrogen_numbering import NO_RULES, numbering_rules
from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.models.examples import Molecule, read_starts
from groundstate.molecules.models.gaunt import refiner
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.settings import Gaunt
from groundstate.molecules.mols import mol_from_record
from groundstate.seeds import derive_seed
from groundstate.training.module import step_indices


class CompleteProduct(nn.Module):
    """The even and the odd paths added degree by degree: equivariant to rotations, not to reflections."""

    def __init__(self, first: o3.Irreps, second: o3.Irreps, out: o3.Irreps, **options) -> None:
        super().__init__()
        odd = o3.Irreps([(count, (ir.l, -ir.p)) for count, ir in out if ir.l])
        self.even = out.dim
        self.product = GauntTensorProduct(first, second, out + odd, parity="complete", **options)

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Product of (rows, first.dim) and (rows, second.dim)."""
        even, odd = self.product(x, y).tensor_split([self.even], dim=-1)
        return even + nn.functional.pad(odd, (even.shape[-1] - odd.shape[-1], 0))


class E3nnProduct(nn.Module):
    """e3nn's product over the paths of the Gaunt product; it adds no weights, as ours adds none."""

    def __init__(
        self, first: o3.Irreps, second: o3.Irreps, out: o3.Irreps, *, rank: int, layout: str
    ) -> None:
        super().__init__()
        kind = "uvu" if second[0].mul == 1 else "uuu"
        paths = [
            (a, b, c, kind, False)
            for a in range(len(first))
            for b in range(len(second))
            for c in range(abs(a - b), min(a + b, len(out) - 1) + 1, 2)
        ]
        self.product = o3.TensorProduct(first, second, out, paths)
        self.plain, self.interleaved = (
            [Port(tuple(ir.l for _, ir in irreps), irreps[0].mul, order) for irreps in (first, second, out)]
            for order in (False, True)
        )

    def forward(self, x: Tensor, y: Tensor) -> Tensor:
        """Product of (rows, first.dim) and (rows, second.dim), ``ir_mul``."""
        operands = [
            from_dense(to_dense(value, plain), interleaved)
            for value, plain, interleaved in zip((x, y), self.plain, self.interleaved, strict=False)
        ]
        return from_dense(to_dense(self.product(*operands), self.interleaved[2]), self.plain[2])


VARIANTS: dict[str, dict] = {
    "gaunt, lmax 2": {},
    "gaunt, lmax 1": {"lmax": 1},
    "gaunt, lmax 3": {"lmax": 3},
    "e3nn product, lmax 2": {"product": E3nnProduct},
    "complete product, lmax 2": {"product": CompleteProduct},
    "no numbering rule": {"numbering": False},
}
SCORED = {
    "the model": "least expected error, refined (the model)",
    "no ranker": "lowest, refined (no ranker)",
    "no refiner": "least expected error (no refiner)",
}


def train(model: GauntModel, examples: list, seconds: float, arguments: argparse.Namespace) -> int:
    """Train for so many CPU seconds; the number of steps."""
    size, seed = arguments.batch, arguments.seed

    def loss_of(step: int) -> Tensor:
        draw = torch.Generator().manual_seed(derive_seed(seed, "data", step))
        batch = model.batch([examples[row] for row in step_indices(seed, step, len(examples), size)], draw)
        return model.loss(batch, draw)[0]

    return len(train_for(seconds, model, loss_of, arguments.rate, 0.99))


def score(model: GauntModel, records: list[dict], starts: dict[str, list[dict]]) -> dict[str, float]:
    """D-MAE, D-RMSE (n^2), C-RMSD and bond MAE of the steps of ``SCORED``."""
    sums: dict[str, np.ndarray] = {}
    for begin in range(0, len(records), CHUNK):
        part = records[begin : begin + CHUNK]
        mols = [mol_from_record(record) for record in part]
        steps = steps_of(model, mols, part, [starts[record["id"]] for record in part], {})
        for mol, record, geometries in zip(mols, part, steps, strict=True):
            for name, step in SCORED.items():
                errors = errors_of(mol, np.asarray(geometries[step]), np.array(record["positions"]))
                sums[name] = sums.get(name, 0.0) + np.array(errors)
    shown = {name: list(metrics(values).items())[:4] for name, values in sums.items()}
    return {f"{name}, {key}": round(value, 4) for name, pairs in shown.items() for key, value in pairs}


def row_of(options: dict, parts: dict[str, list[dict]], starts: dict, arguments: argparse.Namespace) -> dict:
    """Train and score one variant."""
    sizes = Gaunt(lmax=options.get("lmax", Gaunt().lmax)).model_dump()
    config = {
        "elements": sorted({number for row in parts["train"] for number in row["atomic_numbers"]}),
        "hydrogen_numbering": numbering_rules(parts["train"]) if options.get("numbering", True) else NO_RULES,
        "ranker": sizes.pop("ranker"),
        "refiner": sizes,
    }
    torch.manual_seed(derive_seed(arguments.seed, "weights"))
    with mock.patch.object(refiner, "GauntTensorProduct", options.get("product", GauntTensorProduct)):
        model = GauntModel(config)
    examples = []
    for row in parts["train"]:
        molecule = Molecule(row["id"], mol_from_record(row), starts[row["id"]])
        example = model.example(molecule, np.array(row["positions"]))
        examples += [] if example is None else [example]
    begun = time.process_time()
    steps = train(model.train(), examples, 60 * arguments.minutes, arguments)
    used = time.process_time() - begun
    return {
        "parameters": sum(weight.numel() for weight in model.parameters()),
        "train_molecules": len(examples),
        "test_molecules": len(parts["test"]),
        "steps": steps,
        "cpu_ms_a_step": round(1000 * used / steps, 1),
        **score(model.eval(), parts["test"], starts),
    }


def main() -> None:
    """Read the arguments and fill the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("prepared", type=Path)
    parser.add_argument("conformers", type=Path)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=15.0, help="CPU minutes of training a variant")
    parser.add_argument("--train", type=int, default=3000, help="training molecules")
    parser.add_argument("--test", type=int, default=1000, help="test molecules")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", nargs="*", choices=list(VARIANTS), help="a choice of variants")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    files = arguments.prepared / "records.parquet", arguments.prepared / "splits.csv"
    parts = {part: list(RecordPart(*files, "random", part)) for part in ("train", "test")}
    ids = [row["id"] for rows in parts.values() for row in rows]
    starts = read_starts(arguments.conformers, ids, "mmff")
    for part, count in (("train", arguments.train), ("test", arguments.test)):
        rows = [row for row in parts[part] if row["id"] in starts]
        parts[part] = sorted(rows, key=lambda row: derive_seed("ablations", row["id"]))[:count]
    path = arguments.output / "table.csv"
    arguments.output.mkdir(parents=True, exist_ok=True)
    for variant in arguments.only or VARIANTS:
        table = pd.read_csv(path).to_dict("records") if path.exists() else []
        if variant not in {row["variant"] for row in table}:
            table.append({"variant": variant, **row_of(VARIANTS[variant], parts, starts, arguments)})
            with atomic_path(path) as temporary:
                pd.DataFrame(table).to_csv(temporary, index=False)
    print(pd.read_csv(path).T.to_string(header=False))


if __name__ == "__main__":
    main()
