"""What each step from an RDKit conformer to the prediction gains: errors on the test part, failures counted.

Usage: python benchmarks/geometry_ladder.py RUN/best.ckpt PREPARED CONFORMERS/conformers.parquet [--most N]
"""

import argparse
import time
from pathlib import Path

import numpy as np
from scipy.spatial.distance import pdist

from groundstate.metrics.geometry import DEFINITIONS, aggregate, reference_terms
from groundstate.molecules.candidates import candidates_of
from groundstate.molecules.examples import read_part, read_starts
from groundstate.molecules.gaunt_model import rank, refine
from groundstate.molecules.graph import graph_of
from groundstate.molecules.labels import follow_labels, groups_of
from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.predict import load_predictor
from groundstate.molecules.untrained import lowest
from groundstate.progress import track

METRICS = ("mae", "rmse", "d_mae_n2", "d_rmse_n2", "c_rmsd", "bond_mae", "angle_mae", "mae_symmetric")


def main() -> None:
    """Print the ladder as a table and as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("prepared", type=Path)
    parser.add_argument("conformers", type=Path)
    parser.add_argument("--split", default="random")
    parser.add_argument("--most", type=int)
    arguments = parser.parse_args()
    predictor = load_predictor(arguments.checkpoint, "cpu")
    folder = arguments.prepared
    records = read_part(folder / "records.parquet", folder / "splits.csv", arguments.split, "test")
    starts = read_starts(arguments.conformers, [record["id"] for record in records])
    records = [record for record in records if record["id"] in starts][: arguments.most]
    hands = {"hand": predictor.labels["hand"], "anti": {}}
    terms: dict[str, list] = {}
    seconds = {"candidates": 0.0, "rank": 0.0, "refine": 0.0}
    fallback = sum(starts[record["id"]][0]["origin"] == "fallback" for record in records)
    for record in track(records, "ladder", len(records), "molecules"):
        mol, reference, rows = mol_from_record(record), np.array(record["positions"]), starts[record["id"]]
        began = time.process_time()
        candidates = candidates_of(mol, rows, predictor.labels)
        graph = graph_of(mol, predictor.elements)
        seconds["candidates"] += time.process_time() - began
        began = time.process_time()
        (order,) = rank(predictor.network, [graph], [candidates])
        seconds["rank"] += time.process_time() - began
        likeliest = max(order, key=lambda one: one.chance).number
        errors = [np.abs(pdist(one) - pdist(reference)).sum() for one in candidates.positions]
        began = time.process_time()
        best = candidates.positions[order[0].number]
        (refined,) = refine(predictor.network, [graph], [best])
        seconds["refine"] += time.process_time() - began
        low = lowest(rows)["positions"]
        (refined_low,) = refine(predictor.network, [graph], [candidates.positions[0]])
        (refined_oracle,) = refine(predictor.network, [graph], [candidates.positions[int(np.argmin(errors))]])
        groups = list(groups_of(mol))
        steps = {
            "first conformer": rows[0]["positions"],
            "lowest energy": low,
            "+ hands of hydrogens": follow_labels(groups, low, hands),
            "+ methyl rule": follow_labels(groups, low, predictor.labels),
            "lowest, refined (no ranker)": refined_low,
            "likeliest candidate": candidates.positions[likeliest],
            "least risk (no refiner)": best,
            "least risk, refined (the model)": refined,
            "oracle of the candidates": candidates.positions[int(np.argmin(errors))],
            "oracle, refined": refined_oracle,
        }
        for name, positions in steps.items():
            terms.setdefault(name, []).append(reference_terms(mol, positions, reference))
    print(f"{len(records)} molecules, {fallback} from a fallback embedding")
    print({name: f"{value / len(records) * 1e3:.2f} CPU ms a molecule" for name, value in seconds.items()})
    print("| step |", " | ".join(METRICS), "|")
    print("|---|" + "---|" * len(METRICS))
    for name, rows in terms.items():
        values, _ = aggregate(rows, samples=1)
        print(f"| {name} |", " | ".join(f"{values[key]:.4f}" for key in METRICS if key in DEFINITIONS), "|")


if __name__ == "__main__":
    main()
