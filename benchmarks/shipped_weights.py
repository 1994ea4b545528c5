"""What a model of several data sets is worth to a chemist: MOSES, drugs, data sets, conformers in order.

Run with one thread (`OMP_NUM_THREADS=1`) `python benchmarks/shipped_weights.py moses --input moses_test.smi`,
`drugs`, `sets --input FOLDER` (prepared and embedded) or `ranking --input conformers_dlpno_part.sdf.gz`;
`--checkpoint` and `--convention` as of `groundstate predict geometry`. The ground state is the lowest AIMNet2
minimum of all routes together; CPU seconds are without imports. Tables are Markdown. All but `ranking` keep
every molecule in the folder `--results`: a killed run goes on, and `--part 1/2` and `--part 2/2` may run
side by side; the one that ends later, or a run after them, prints the table of both.
"""

import argparse
import hashlib
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from parts import collect
from rdkit import Chem
from scipy.spatial.distance import pdist
from scipy.stats import spearmanr

from ground_states import DRUGS, minima_of, molecule, relaxed
from groundstate.api.weights import checkpoint_of
from groundstate.ground_states.distinct import distinct
from groundstate.ground_states.levels import rank_molecules
from groundstate.metrics.molecules.geometry import aggregate, reference_terms
from groundstate.metrics.molecules.rmsd import heavy_rmsd
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential
from groundstate.molecules.conformers.choice import lowest
from groundstate.molecules.models.examples import Molecule, read_starts
from groundstate.molecules.models.gaunt.choice import FIRST, RankedCandidate
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import predict_molecules
from groundstate.molecules.mols import mol_from_record
from groundstate.molecules.sdf import parse_block, read_sdf_blocks
from groundstate.records import MOLECULE_SCHEMA, read_records
from groundstate.subset import fixed_subset

CONFORMERS = 10
SAMPLES = 2000  # of a bootstrap
ROUTES = ("MMFF94 lowest of ten", "fast", "standard", "thorough", "MMFF94 lowest -> GFN2")


def interval(values: Sequence[float], statistic=np.mean) -> str:
    """A statistic with its 95 % bootstrap interval."""
    values, rng = np.asarray(values, float), np.random.default_rng(0)
    draws = [statistic(values[rng.integers(0, len(values), len(values))]) for _ in range(SAMPLES)]
    low, high = np.quantile(draws, [0.025, 0.975])
    return f"{statistic(values):.2f} ({low:.2f} to {high:.2f})"


def routes_of(model, potentials, name: str, mol: Chem.Mol) -> dict:
    """Energies of each route's geometry after relaxation, RMSDs as given, CPU seconds, error estimate.

    ``potentials``: AIMNet2, then GFN2-xTB where the route to its minimum is asked for.
    """
    clock = [time.process_time()]
    rows = minima_of(name, mol, CONFORMERS)
    clock.append(time.process_time())
    (ranked,) = predict_molecules(
        model, [Molecule(name, mol)], lambda _: [rows], [], num_geometries=CONFORMERS
    )
    clock.append(time.process_time())
    refined = [one.mol.GetConformer().GetPositions() for one in ranked]
    (chosen, *_), *_ = rank_molecules([(mol, refined)], "standard", potentials[:1])
    clock.append(time.process_time())
    points = potentials[0].single_points([mol] * len(refined), refined) * KCAL
    order = distinct(points.tolist(), refined)
    few = relaxed(potentials[0], mol, [refined[k] for k in order[:3]])
    clock.append(time.process_time())
    first = np.array(min(rows, key=lambda row: (row["force_field"] != "mmff94", row["energy"]))["positions"])
    gfn2 = [one for potential in potentials[1:] for one in relaxed(potential, mol, [first])]
    clock.append(time.process_time())
    embed, predict, standard, thorough, semiempirical = np.diff(clock)
    starts = [first, refined[0], chosen.positions, *(one.positions for one in gfn2)]
    others = relaxed(potentials[0], mol, starts)
    ends = [one for one in (*few, *others) if one.fault is None]
    ground = min(ends, key=lambda one: one.energy)
    best = min(few, key=lambda one: (one.fault is not None, one.energy))
    geometries = [first, refined[0], chosen.positions, best.positions, *(one.positions for one in gfn2)]
    minima = [*others[:3], best, *others[3:]]
    made = embed + predict
    seconds = [embed, made, made + standard, made + thorough, *[embed + semiempirical] * len(gfn2)]
    above = [(one.energy - ground.energy) * KCAL for one in minima]
    rmsds = [heavy_rmsd(mol, one, ground.positions) for one in geometries]
    estimate = ranked[0].properties.get("error_estimate")
    faults = [one.fault for one in (*few, *others, *gfn2) if one.fault] + [ranked[0].failed or ""]
    return {
        "above": dict(zip(ROUTES, above, strict=False)),
        "rmsd": dict(zip(ROUTES, rmsds, strict=False)),
        "seconds": dict(zip(ROUTES, seconds, strict=False)),
        "estimate": float(estimate) if estimate else None,
        "shown": ", ".join(f"{one:.2f} / {two:.2f}" for one, two in zip(rmsds, above, strict=True))
        + f"; estimate {estimate}; {'; '.join(filter(None, faults))}",
    }


def routes(results: dict[str, dict]) -> None:
    """The table of all routes, and the error estimate of ``fast``."""
    found = {name: one for name, one in results.items() if "failed" not in one}
    failed = {name: one["failed"] for name, one in results.items() if "failed" in one}
    print(f"\n{len(results)} molecules, {len(found)} served, not served: {failed or 'none'}\n")
    print("| route | RMSD to the ground state | median | above, relaxed, kcal/mol | within 0.1 | CPU-s |")
    print("|---|---|---|---|---|---|")
    for route in ROUTES:
        rmsds, above, seconds = (
            [one[key][route] for one in found.values() if route in one[key]]
            for key in ("rmsd", "above", "seconds")
        )
        if not rmsds:
            continue
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


def refined_by(model, molecule: Molecule, every: bool) -> tuple[dict[str, np.ndarray], list[np.ndarray]]:
    """The geometry that each way of choosing takes, and those of ``every`` conformer or of none."""
    whole = molecule._replace(convention=model.convention).with_hydrogens()
    candidates = model._candidates(whole)
    lists = [whole.mol], [model._graph(whole)], [candidates]
    (order,) = model.rank(*lists)
    firsts = {choose: min(order, key=FIRST[choose]) for choose in model.choices}
    conformers: dict[int, RankedCandidate] = {}
    for one in order:
        conformers.setdefault(candidates.rows[one.number]["conformer"], one)
    several = [*conformers.values()] if every else []
    taken = {one.number: one for one in (*firsts.values(), *several)}
    made = model.predictions_of(*lists, [(0, one) for one in taken.values()])
    atoms = molecule.mol.GetNumAtoms()
    shapes = {k: one.positions[:atoms] for k, one in zip(taken, made, strict=True)}
    return {choose: shapes[one.number] for choose, one in firsts.items()}, [shapes[k.number] for k in several]


def choices_of(model, potentials, record: dict, starts: list[dict]) -> dict:
    """Errors of one molecule against its reference, by every choice of a conformer.

    AIMNet2 and GFN2-xTB choose and relax where hydrogens are there.
    """
    mol = mol_from_record(record)
    reference = mol.GetConformer().GetPositions()
    bare = Chem.Mol(mol)
    bare.RemoveAllConformers()
    whole = Molecule(record["id"], bare, starts)
    free = np.array(lowest(starts)["positions"])
    rows = {"MMFF94, first": starts[0]["positions"], "MMFF94, lowest": free}
    refused = not potentials or potentials[0].refusal(bare) is not None
    firsts, shapes = refined_by(model, whole, every=not refused)
    rows |= {f"network, {choose}": positions for choose, positions in firsts.items()}
    if not refused:
        (chosen, *_), *_ = rank_molecules([(bare, shapes)], "standard", potentials[:1])
        rows["standard (AIMNet2)"] = chosen.positions
    for potential in potentials[1:]:
        if potential.refusal(bare) is None:
            (end,) = relaxed(potential, bare, [free])
            rows["MMFF94 lowest -> GFN2"] = end.positions
    rmsds = [heavy_rmsd(bare, row["positions"], reference) for row in starts]
    rows["nearest conformer (oracle, unrefined)"] = starts[int(np.argmin(rmsds))]["positions"]
    return {"terms": {title: reference_terms(mol, np.array(one), reference) for title, one in rows.items()}}


def sets(title: str, results: dict[str, dict]) -> None:
    """The table of all choices on one data set."""
    found = [one["terms"] for one in results.values() if "failed" not in one]
    failed = {name: one["failed"] for name, one in results.items() if "failed" in one}
    names = ("d_mae_n2", "d_rmse_n2", "mae_heavy", "c_rmsd", "bond_mae", "angle_mae", "torsion_mae")
    print(f"\n{title}: {len(found)} molecules; failed: {failed or 'none'}")
    print(f"| | n | {' | '.join(names)} | median c_rmsd |")
    print("|---" * (len(names) + 3) + "|")
    for row in max(found, key=len, default={}):
        terms = [one[row] for one in found if row in one]
        values, bounds = aggregate(terms)
        shown = []
        for name in names:
            digits = 4 if name == "bond_mae" else 3
            low, high = bounds[name] or (float("nan"),) * 2
            value = float("nan") if values[name] is None else values[name]
            shown.append(f"{value:.{digits}f} ({low:.{digits}f}-{high:.{digits}f})")
        middle = np.median([one["c_rmsd"][0] for one in terms])
        print(f"| {row} | {len(terms)} | {' | '.join(shown)} | {middle:.3f} |", flush=True)


def _network(model, name, mol, shapes, energies) -> np.ndarray:
    """Give the energies of the conformers of one molecule by the network, kcal/mol."""
    rows = [
        {"conformer": k, "origin": "given", "force_field": "mmff94", "copies": 1, "stereo_kept": True,
         "energy": float(energies[k]), "positions": shape}
        for k, shape in enumerate(shapes)
    ]  # fmt: skip
    whole = Molecule(name, mol, rows, model.convention)
    candidates = model._candidates(whole)
    (order,) = model.rank([mol], [model._graph(whole)], [candidates], ["energy"])
    # two that are alike are one candidate: the nearest one stands for both
    tables = np.array([pdist(one) for one in candidates.positions])
    nearest = [int(np.abs(tables - pdist(shape)).max(1).argmin()) for shape in shapes]
    found = {one.number: one.energy for one in order}
    return np.array([found[k] for k in nearest])


def ranking(model, path: Path, number: int) -> None:
    """Spearman of each method with DLPNO-CCSD(T) over the given conformers of each molecule.

    The network ranks by its energies, from the MMFF94 energies of the geometries as they are given.
    """
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
            bare = Chem.Mol(mol)
            bare.RemoveAllConformers()
            energies["network"] = _network(model, name, bare, shapes, energies["mmff94"])
        except (ValueError, KeyError):
            left_out += 1
            continue
        for key, values in energies.items():
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
    parser.add_argument("--part", default="1/1", help="K/N: every N-th molecule from the K-th")
    parser.add_argument("--results", type=Path, help="folder of finished molecules; default: a new one")
    parser.add_argument("--fast", action="store_true", help="of sets: without potentials")
    parser.add_argument("--gfn2", action="store_true", help="also the lowest MMFF94, relaxed by GFN2-xTB")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    path = checkpoint_of("geometry", arguments.checkpoint)
    model = load_model(path, torch.device("cpu"), convention=arguments.convention)
    if arguments.what == "ranking":
        ranking(model, arguments.input, arguments.number)
        return
    potentials = [find_molecular_potential(name) for name in ("aimnet2", "gfn2-xtb")[: 1 + arguments.gfn2]]
    folder = arguments.results or Path(tempfile.mkdtemp())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:8]
    subject = arguments.input.stem if arguments.input else "drugs"
    potentials = [] if arguments.fast else potentials
    settings = [model.convention or "only", *["fast"] * arguments.fast, *["gfn2"] * arguments.gfn2, digest]
    title = "-".join([arguments.what, subject, *settings])
    if arguments.what == "sets":
        records = read_records(arguments.input / "records.parquet", MOLECULE_SCHEMA)
        chosen = fixed_subset([record["id"] for record in records], arguments.number)
        starts = read_starts(arguments.input / "conformers/conformers.parquet", chosen, "mmff")
        asked = {record["id"]: record for record in records if record["id"] in starts}
        work = lambda name: choices_of(model, potentials, asked[name], starts[name])  # noqa: E731
        sets(title, collect(folder, title, list(asked), arguments.part, work))
        return
    smiles = DRUGS
    if arguments.what == "moses":
        lines = arguments.input.read_text().splitlines()[: arguments.number]
        smiles = {line.split()[1]: line.split()[0] for line in lines}
    work = lambda name: routes_of(model, potentials, name, molecule(smiles[name]))  # noqa: E731
    routes(collect(folder, title, list(smiles), arguments.part, work))


if __name__ == "__main__":
    main()
