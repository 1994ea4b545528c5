"""Auto3D 2.3.1 beside `groundstate predict geometry --level thorough`: energies of one potential, CPU time.

Auto3D wants an environment of its own, whose Python `--python` names: `python3.11 -m venv auto3d`, then
`auto3d/bin/pip install torch==2.13.0 rdkit ase pandas tqdm pyyaml psutil send2trash "setuptools<81"` and
`auto3d/bin/pip install Auto3D==2.3.1 --no-deps`. Run with one thread (`OMP_NUM_THREADS=1`)
`python benchmarks/peers_molecules.py --python auto3d/bin/python --input moses_test.smi --folder FOLDER`:
lines `SMILES id`, of which the first `--number` are taken. Auto3D gets isomers with all their stereo, ten
conformers, AIMNet2, one thread; `--threshold` (eV/angstrom, its default .003) and `--steps` are its own
settings. A process of either that has used `--limit` CPU seconds is ended. CPU seconds are of whole
programs, their start included. Energies are of our AIMNet2, as given and after our minimisation of both.
"""

import argparse
import os
import re
import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
from rdkit import Chem

from ground_states import molecule
from groundstate.ground_states.relax import relax_geometries
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential
from groundstate.molecular_potentials.settings import RelaxMolecules

CONFORMERS = 10
AUTO3D = """
import sys, torch
torch.set_num_threads(1)
from Auto3D.auto3D import main, options
main(options(sys.argv[1], k=1, max_confs=int(sys.argv[2]), use_gpu=False, optimizing_engine="AIMNET",
             mpi_np=1, convergence_threshold=float(sys.argv[3]), opt_steps=int(sys.argv[4])))
"""
STATE = re.compile(r"Converged: +(\d+) +Dropped\(Oscillating\): +(\d+) +Active: +(\d+)")
STEP = re.compile(r" (\d+)/\d+ \[")


def run(command: list[str], log: Path, limit: int) -> float:
    """Run one program with its output in ``log``; CPU seconds of it and its processes."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    with log.open("w") as stream:
        subprocess.run(
            command,
            stdout=stream,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CPU, (limit, limit)),
            check=False,
        )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def auto3d(python: str, smiles: Path, threshold: float, steps: int, limit: int) -> tuple[float, str, dict]:
    """CPU seconds, how far it came, and its geometries by id."""
    log = smiles.with_suffix(".log")
    for old in smiles.parent.glob(f"{smiles.stem}_2*"):
        for path in sorted(old.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        old.rmdir()
    command = [python, "-c", AUTO3D, str(smiles), str(CONFORMERS), str(threshold), str(steps)]
    seconds = run(command, log, limit)
    text = log.read_text(errors="replace")
    states, done = STATE.findall(text), STEP.findall(text)
    converged, dropped, active = states[-1] if states else ("?",) * 3
    steps_done = done[-1] if done else 0
    reached = f"{steps_done} steps; {converged} converged, {dropped} dropped, {active} active"
    found = {}
    for path in smiles.parent.glob(f"{smiles.stem}_2*/*_out.sdf"):
        for mol in Chem.SDMolSupplier(str(path), removeHs=False):
            found[mol.GetProp("_Name").split("@")[0].strip()] = mol
    return seconds, reached, found


def ours(smiles: Path, limit: int, checkpoint: str | None) -> tuple[float, dict]:
    """The same of the command line here."""
    output = smiles.with_name("groundstate.sdf")
    command = [sys.executable, "-m", "groundstate", "predict", "geometry", "--level", "thorough"]
    command += ["--input", str(smiles), "--output", str(output), "--num-conformers", str(CONFORMERS)]
    command += ["--device", "cpu"] + (["--checkpoint", checkpoint] if checkpoint else [])
    seconds = run(command, output.with_suffix(".log"), limit)
    mols = Chem.SDMolSupplier(str(output), removeHs=False) if output.exists() else []
    return seconds, {mol.GetProp("_Name"): mol for mol in mols}


def energies(mols: dict) -> dict[str, tuple[float, float]]:
    """AIMNet2 energy as given and after minimisation, kcal/mol, by id."""
    potential = find_molecular_potential("aimnet2")
    shapes = [mol.GetConformer().GetPositions() for mol in mols.values()]
    given = potential.single_points(list(mols.values()), shapes) * KCAL
    relaxed = relax_geometries(potential, list(mols.values()), shapes, RelaxMolecules())
    return {
        name: (float(energy), one.energy * KCAL)
        for name, energy, one in zip(mols, given, relaxed, strict=True)
    }


def main() -> None:
    """Run both, print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--python", required=True, help="Python of the environment of Auto3D")
    parser.add_argument("--input", type=Path, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--number", type=int, default=8)
    parser.add_argument("--threshold", type=float, default=0.003)
    parser.add_argument("--steps", type=int, default=5000)
    parser.add_argument("--limit", type=int, default=720)
    parser.add_argument("--checkpoint")
    options = parser.parse_args()
    torch.set_num_threads(1)
    options.folder.mkdir(parents=True, exist_ok=True)
    smiles = (options.folder / "isomers.smi").resolve()
    pairs = [line.split()[:2] for line in options.input.read_text().splitlines()[: options.number]]
    lines = [f"{Chem.MolToSmiles(Chem.RemoveHs(molecule(text)))} {name}\n" for text, name in pairs]
    smiles.write_text("".join(lines))
    here, mine = ours(smiles, options.limit, options.checkpoint)
    print(f"groundstate, thorough: {here:.0f} CPU-s, {len(mine)} of {len(pairs)} molecules", flush=True)
    there, reached, theirs = auto3d(options.python, smiles, options.threshold, options.steps, options.limit)
    print(
        f"Auto3D, {options.threshold} eV/A: {there:.0f} CPU-s ({there / here:.0f} times), {reached}; ", end=""
    )
    print(f"{len(theirs)} of {len(pairs)} molecules")
    both = [name for _, name in pairs if name in mine and name in theirs]
    if not both:
        return
    low, other = (energies({name: mols[name] for name in both}) for mols in (mine, theirs))
    print("groundstate less Auto3D, kcal/mol\n| molecule | as given | both minimised |\n|---|---|---|")
    gaps = np.array([np.subtract(low[name], other[name]) for name in both])
    for name, gap in zip(both, gaps, strict=True):
        print(f"| {name} | {gap[0]:+.2f} | {gap[1]:+.2f} |")
    print(f"| mean | {gaps[:, 0].mean():+.2f} | {gaps[:, 1].mean():+.2f} |")


if __name__ == "__main__":
    main()
