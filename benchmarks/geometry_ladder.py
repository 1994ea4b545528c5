"""What each step from an RDKit conformer to the prediction gains: errors on the test part, failures counted.

Usage: python benchmarks/geometry_ladder.py RUN/best.ckpt PREPARED CONFORMERS/conformers.parquet
Molecules come in a fixed random order, and the table is printed as it grows: it may be stopped at any time.
"""

import argparse
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from rdkit import Chem

from groundstate.metrics.molecules.distances import distance_errors
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.molecules.conformers.candidates import Candidates, candidates_of
from groundstate.molecules.conformers.choice import lowest
from groundstate.molecules.conformers.hydrogen_numbering import follow_rules, hydrogen_groups
from groundstate.molecules.dataset.record_file import RecordPart
from groundstate.molecules.models.examples import read_starts
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.graphs.graph import graph_of
from groundstate.molecules.models.load import load_model
from groundstate.molecules.mols import mol_from_record
from groundstate.seeds import derive_seed

CHUNK = 60
Steps = list[dict[str, np.ndarray]]


def steps_of(
    model: GauntModel, mols: list[Chem.Mol], records: list[dict], starts: list[list[dict]], clock: dict
) -> Steps:
    """The geometry of each molecule at each step."""
    rules = model.config["hydrogen_numbering"]
    hands = {"hand": rules["hand"], "anti": {}}

    def timed(name: str, function, *arguments):
        began = time.process_time()
        result = function(*arguments)
        clock[name] = clock.get(name, 0.0) + time.process_time() - began
        return result

    def make() -> list[Candidates]:
        return [candidates_of(mol, rows, rules) for mol, rows in zip(mols, starts, strict=True)]

    graphs = [graph_of(mol, model.config["elements"]) for mol in mols]
    candidates = timed("candidates", make)
    orders = timed("rank", model.rank, mols, graphs, candidates)
    nearest = []
    for record, some in zip(records, candidates, strict=True):
        errors = [distance_errors(one, np.array(record["positions"])).absolute for one in some.positions]
        nearest.append(some.positions[int(np.argmin(errors))])
    chosen = [some.positions[order[0].number] for some, order in zip(candidates, orders, strict=True)]
    refined = timed("refine", model.refine, graphs, chosen)
    refined_lowest = model.refine(graphs, [some.positions[0] for some in candidates])
    refined_nearest = model.refine(graphs, nearest)
    steps = []
    for number, (mol, rows, some, order) in enumerate(zip(mols, starts, candidates, orders, strict=True)):
        groups, low = list(hydrogen_groups(mol)), lowest(rows)["positions"]
        steps.append(
            {
                "first conformer": rows[0]["positions"],
                "lowest energy": low,
                "+ hands of hydrogens": follow_rules(groups, low, hands),
                "+ methyl rule": follow_rules(groups, low, rules),
                "lowest, refined (no ranker)": refined_lowest[number],
                "likeliest candidate": some.positions[max(order, key=lambda one: one.probability).number],
                "least expected error (no refiner)": chosen[number],
                "least expected error, refined (the model)": refined[number],
                "oracle of the candidates": nearest[number],
                "oracle, refined": refined_nearest[number],
            }
        )
    return steps


def errors_of(mol: Chem.Mol, positions: np.ndarray, reference: np.ndarray) -> list[float]:
    """Sums whose ratios are the ``metrics``."""
    errors = distance_errors(positions, reference)
    ends = [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in mol.GetBonds()]
    first, second = np.array(ends, int).reshape(-1, 2).T
    before, after = (np.linalg.norm(p[first] - p[second], axis=1) for p in (positions, reference))
    bonds = float(np.abs(before - after).sum())
    rmsd = heavy_rmsd(mol, positions, reference)
    return [errors.absolute, errors.squared, errors.pairs, errors.entries, rmsd, 1.0, bonds, len(ends)]


def metrics(sums: np.ndarray) -> dict[str, float]:
    """What ``errors_of``, summed over molecules, stands for."""
    absolute, squared, pairs, entries, rmsd, count, bonds, bond_count = sums
    return {
        "D-MAE (n^2)": absolute / entries,
        "D-RMSE (n^2)": (squared / entries) ** 0.5,
        "C-RMSD": rmsd / count,
        "bond MAE": bonds / bond_count,
        "D-MAE": absolute / pairs,
        "D-RMSE": (squared / pairs) ** 0.5,
    }


def table(sums: dict[str, np.ndarray]) -> Iterator[str]:
    """The ladder as Markdown."""
    rows = {name: metrics(values) for name, values in sums.items()}
    titles = next(iter(rows.values()))
    yield f"| step | {' | '.join(titles)} |"
    yield "|---" * (len(titles) + 1) + "|"
    for name, values in rows.items():
        yield f"| {name} | " + " | ".join(f"{value:.4f}" for value in values.values()) + " |"


def main() -> None:
    """Print the ladder."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("checkpoint", "prepared", "conformers"):
        parser.add_argument(name, type=Path)
    parser.add_argument("--split", default="random")
    arguments = parser.parse_args()
    model, folder = load_model(arguments.checkpoint, "cpu"), arguments.prepared
    records = list(RecordPart(folder / "records.parquet", folder / "splits.csv", arguments.split, "test"))
    starts = read_starts(arguments.conformers, [record["id"] for record in records], "mmff")
    records = [record for record in records if record["id"] in starts]
    records.sort(key=lambda record: derive_seed("ladder", record["id"]))
    sums: dict[str, np.ndarray] = {}
    clock: dict[str, float] = {}
    for begin in range(0, len(records), CHUNK):
        part = records[begin : begin + CHUNK]
        mols = [mol_from_record(record) for record in part]
        steps = steps_of(model, mols, part, [starts[record["id"]] for record in part], clock)
        for mol, record, geometries in zip(mols, part, steps, strict=True):
            for name, positions in geometries.items():
                errors = errors_of(mol, np.asarray(positions), np.array(record["positions"]))
                sums[name] = sums.get(name, 0.0) + np.array(errors)
        done = begin + len(part)
        print(f"\n{done} of {len(records)} molecules, CPU ms per molecule:", end=" ")
        print({name: round(seconds / done * 1e3, 1) for name, seconds in clock.items()})
        print("\n".join(table(sums)), flush=True)


if __name__ == "__main__":
    main()
