"""What a model of several data sets is worth to a chemist: MOSES, drugs, data sets, conformers in order.

Run with one thread (`OMP_NUM_THREADS=1`) `python benchmarks/shipped_weights.py moses --input moses_test.smi`,
`drugs`, `sets --input FOLDER` (prepared and embedded) or `ranking --input conformers_dlpno_part.sdf.gz`;
`--checkpoint` and `--convention` as of `groundstate predict geometry`. The ground state is the lowest AIMNet2
minimum of all routes together; CPU seconds are without imports. Tables are Markdown.
"""

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem
from scipy.stats import spearmanr

from ground_states import DRUGS, minima_of, molecule
from groundstate.api.weights import checkpoint_of
from groundstate.ground_states.distinct import distinct
from groundstate.ground_states.relax import relax_geometries
from groundstate.metrics.molecules.geometry import aggregate, reference_terms
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.conformers.choice import lowest
from groundstate.molecules.models.examples import Molecule, read_starts
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import predict_molecules
from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.sdf import parse_block, read_sdf_blocks
from groundstate.processes import chunked
from groundstate.records import MOLECULE_SCHEMA, read_records
from groundstate.subset import fixed_subset

CONFORMERS = 10
SAMPLES = 2000  # of a bootstrap
ROUTES = ("MMFF94 lowest of ten", "fast", "standard", "thorough")


def interval(values: Sequence[float], statistic=np.mean) -> str:
    """A statistic with its 95 % bootstrap interval."""
    values, rng = np.asarray(values, float), np.random.default_rng(0)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(SAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{statistic(values):.2f} ({low:.2f} to {high:.2f})"


def routes_of(model, potential, name: str, mol: Chem.Mol) -> dict:
    """Energies of each route's geometry after relaxation, RMSDs as given, CPU seconds, error estimate."""
    clock = [time.process_time()]
    rows = minima_of(name, mol, CONFORMERS)
    clock.append(time.process_time())
    (ranked,) = predict_molecules(
        model, [Molecule(name, mol)], lambda _: [rows], [], num_geometries=CONFORMERS
    )
    clock.append(time.process_time())
    refined = [one.mol.GetConformer().GetPositions() for one in ranked]
    points = potential.single_points([mol] * len(refined), refined) * KCAL
    order = distinct(points.tolist(), refined)
    clock.append(time.process_time())
    relax = lambda some: relax_geometries(potential, [mol] * len(some), some, RelaxMolecules())  # noqa: E731
    few = relax([refined[k] for k in order[:3]])
    clock.append(time.process_time())
    embed, predict, single, relaxed = np.diff(clock)
    first = np.array(min(rows, key=lambda row: (row["force_field"] != "mmff94", row["energy"]))["positions"])
    others = relax([first, refined[0]])
    lowest = min((one for one in (*few, *others) if one.fault is None), key=lambda one: one.energy)
    best = min(few, key=lambda one: (one.fault is not None, one.energy))
    geometries = dict(zip(ROUTES, (first, refined[0], refined[order[0]], best.positions), strict=True))
    minima = dict(zip(ROUTES, (others[0], others[1], few[0], best), strict=True))
    estimate = ranked[0].properties.get("error_estimate")
    return {
        "above": {route: (minima[route].energy - lowest.energy) * KCAL for route in ROUTES},
        "rmsd": {route: heavy_rmsd(mol, geometries[route], lowest.positions) for route in ROUTES},
        "seconds": dict(zip(ROUTES, np.cumsum([embed, predict, single, relaxed]), strict=True)),
        "estimate": float(estimate) if estimate else None,
        "faults": [one.fault for one in (*few, *others) if one.fault]
        + [ranked[0].failed or ""] * bool(ranked[0].failed),
    }


def routes(model, molecules: dict[str, Chem.Mol]) -> None:
    """Every route on the same molecules, and the error estimate of ``fast``."""
    potential, found, failed = find_molecular_potential("aimnet2"), {}, {}
    for name, mol in molecules.items():
        try:
            found[name] = routes_of(model, potential, name, mol)
        except Exception as error:  # one molecule never loses the others
            failed[name] = repr(error)
            continue
        one = found[name]
        shown = ", ".join(f"{one['rmsd'][route]:.2f} / {one['above'][route]:.2f}" for route in ROUTES)
        print(f"- {name}: {shown}; estimate {one['estimate']}; {'; '.join(one['faults'])}", flush=True)
    print(f"\n{len(molecules)} molecules, {len(found)} served, not served: {failed or 'none'}\n")
    print("| route | RMSD to the ground state | median | above, relaxed, kcal/mol | within 0.1 | CPU-s |")
    print("|---|---|---|---|---|---|")
    for route in ROUTES:
        rmsds, above, seconds = (
            [one[key][route] for one in found.values()] for key in ("rmsd", "above", "seconds")
        )
        share, middle = np.mean(np.array(above) < 0.1), np.median(rmsds)
        start = f"| {route} | {interval(rmsds)} | {middle:.2f} | {interval(above)} |"
        print(f"{start} {share:.0%} | {np.mean(seconds):.2f} |")
    estimated = [(one["estimate"], one["rmsd"]["fast"]) for one in found.values() if one["estimate"]]
    if len(estimated) > 2:
        pairs = np.array(estimated)
        print(
            f"\nestimates of fast: n = {len(pairs)}, Spearman {spearmanr(*pairs.T).statistic:.2f}; ", end=""
        )
        thirds = np.array_split(pairs[np.argsort(pairs[:, 0])], 3)
        means = [f"{third[:, 0].mean():.2f} / {third[:, 1].mean():.2f}" for third in thirds]
        print(f"by thirds, estimate / true: {', '.join(means)}")


def sets(model, folder: Path, number: int) -> None:
    """Errors against the references of one prepared and embedded data set, by every choice of a conformer.

    ``folder``: records.parquet and conformers/conformers.parquet. AIMNet2 chooses where hydrogens are there.
    """
    records = read_records(folder / "records.parquet", MOLECULE_SCHEMA)
    chosen = fixed_subset([record["id"] for record in records], number)
    records = [record for record in records if record["id"] in chosen]
    starts = read_starts(folder / "conformers/conformers.parquet", chosen, "mmff")
    mols = {record["id"]: mol_from_record(record) for record in records}
    references = {name: mol.GetConformer().GetPositions() for name, mol in mols.items()}
    for mol in mols.values():
        mol.RemoveAllConformers()
    asked = [Molecule(name, mol, starts[name]) for name, mol in mols.items() if name in starts]
    rows: dict[str, dict[str, np.ndarray]] = {
        "MMFF94, first": {one.id: one.starts[0]["positions"] for one in asked},
        "MMFF94, lowest": {one.id: lowest(one.starts)["positions"] for one in asked},
    }
    usual = model.choose
    for choose in ("energy", "distances", "rmsd"):
        model.choose = choose
        rows[f"network, {choose}"] = {
            one.id: prediction.positions
            for part in chunked(asked, 16)
            for one, (prediction,) in zip(part, model.predict(part, 1), strict=True)
        }
    model.choose = usual
    potential = find_molecular_potential("aimnet2")
    whole = [one for one in asked if potential.refusal(one.mol) is None]
    if len(whole) == len(asked):
        rows["standard (AIMNet2 single points)"] = {}
        for one in whole:
            (made,) = model.predict([one], CONFORMERS)
            shapes = [prediction.positions for prediction in made]
            points = potential.single_points([one.mol] * len(shapes), shapes)
            rows["standard (AIMNet2 single points)"][one.id] = shapes[int(np.nanargmin(points))]
    nearest = {}
    for one in asked:
        shapes = [row["positions"] for row in one.starts]
        rmsds = [heavy_rmsd(one.mol, shape, references[one.id]) for shape in shapes]
        nearest[one.id] = shapes[int(np.argmin(rmsds))]
    rows["nearest conformer (oracle, unrefined)"] = nearest
    names = ("d_mae_n2", "d_rmse_n2", "mae_heavy", "c_rmsd", "bond_mae", "angle_mae", "torsion_mae")
    print(f"{folder.name}: {len(asked)} molecules of {len(records)}, convention {model.convention}")
    print(f"| | {' | '.join(names)} | median c_rmsd |")
    print("|---" * (len(names) + 2) + "|")
    for title, geometries in rows.items():
        terms = [reference_terms(mols[name], one, references[name]) for name, one in geometries.items()]
        values, bounds = aggregate(terms)
        shown = []
        for name in names:
            digits = 4 if name == "bond_mae" else 3
            low, high = bounds[name] or (float("nan"),) * 2
            value = float("nan") if values[name] is None else values[name]
            shown.append(f"{value:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})")
        middle = np.median([one["c_rmsd"][0] for one in terms])
        print(f"| {title} | {' | '.join(shown)} | {middle:.3f} |", flush=True)


def ranking(model, path: Path, number: int) -> None:
    """Spearman of each method with DLPNO-CCSD(T) over the given conformers of each molecule."""
    groups: dict[str, list] = {}
    for block in read_sdf_blocks(path):
        groups.setdefault(block.properties["mol_id"], []).append(block)
    potentials = {name: find_molecular_potential(name) for name in ("aimnet2", "mmff94")}
    found: dict[str, list[float]] = {name: [] for name in ("network", *potentials)}
    left_out = 0
    for name, blocks in sorted(groups.items())[:: max(len(groups) // number, 1)][:number]:
        try:
            mols = [parse_block(block) for block in blocks]
            mol = mols[0]
            shapes = [one.GetConformer().GetPositions() for one in mols]
            truth = [float(block.properties["dE_DLPNO_kcal"]) for block in blocks]
            if len(blocks) < 5 or potentials["aimnet2"].refusal(mol):
                raise ValueError("few conformers, or refused")
            energies = {
                key: one.single_points([mol] * len(shapes), shapes) * KCAL for key, one in potentials.items()
            }
            rows = [
                {"conformer": k, "origin": "given", "force_field": "mmff94", "copies": 1, "stereo_kept": True,
                 "energy": float(energies["mmff94"][k]), "positions": shape}
                for k, shape in enumerate(shapes)
            ]  # fmt: skip
            bare = Chem.Mol(mol)
            bare.RemoveAllConformers()
            whole = Molecule(name, bare, rows, model.convention)
            candidates = model._candidates(whole)
            (order,) = model.rank([bare], [model._graph(whole)], [candidates], ["energy"])
            scores = np.zeros(len(shapes))
            for one in order:
                scores[candidates.rows[one.number]["conformer"]] -= one.probability
            if len(order) < len(shapes):
                raise ValueError("a conformer is not sound")
        except (ValueError, KeyError):
            left_out += 1
            continue
        for key, values in (("network", scores), *energies.items()):
            found[key].append(float(spearmanr(values, truth).statistic))
    print(f"{len(found['network'])} molecules with at least five sound conformers, {left_out} left out")
    for key, values in found.items():
        print(f"| {key} | median Spearman {interval(values, np.median)} |", flush=True)


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("moses", "drugs", "sets", "ranking"))
    parser.add_argument("--input", type=Path)
    parser.add_argument("--checkpoint")
    parser.add_argument("--convention")
    parser.add_argument("--number", type=int, default=100)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = checkpoint_of("geometry", arguments.checkpoint)
    model = load_model(path, torch.device("cpu"), convention=arguments.convention)
    if arguments.what == "ranking":
        ranking(model, arguments.input, arguments.number)
        return
    if arguments.what == "sets":
        sets(model, arguments.input, arguments.number)
        return
    if arguments.what == "drugs":
        smiles = DRUGS
    else:
        lines = arguments.input.read_text().splitlines()[: arguments.number]
        smiles = {line.split()[1]: line.split()[0] for line in lines}
    routes(model, {name: molecule(text) for name, text in smiles.items()})


if __name__ == "__main__":
    main()
