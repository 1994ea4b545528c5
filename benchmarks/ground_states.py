"""What ground states by AIMNet2 cost and give: energies, relaxations, MOSES molecules, drugs.

Run `python benchmarks/ground_states.py cost|calls|moses|drugs` with one thread (`OMP_NUM_THREADS=1`);
`moses` wants the wheel of molsets 0.3.1 by `--moses`. Tables are Markdown on standard output.
"""

import argparse
import heapq
import time

import numpy as np
import torch
from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes
from ase.optimize import FIRE, LBFGS
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.ground_states.distinct import distinct
from groundstate.ground_states.relax import relax_geometries
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential, pad
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.conformers.etkdg import conformers_of
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.dataset.readers.moses import read_moses
from groundstate.molecules.open_stereo import open_stereo
from groundstate.seeds import derive_seed

# drugs by elements and kind: S, P, Cl, Br, I, B, F, Si, salts' ions, macrocycle, zwitterion, tripeptide
DRUGS = {
    "aspirin": "CC(=O)Oc1ccccc1C(=O)O",
    "ibuprofen": "CC(C)Cc1ccc(cc1)[C@H](C)C(=O)O",
    "sildenafil": "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1",
    "penicillin G": "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O",
    "diclofenac anion": "O=C([O-])Cc1ccccc1Nc1c(Cl)cccc1Cl",
    "imatinib": "Cc1ccc(NC(=O)c2ccc(CN3CCN(C)CC3)cc2)cc1Nc1nccc(-c2cccnc2)n1",
    "bromhexine": "CN(Cc1cc(Br)cc(Br)c1N)C1CCCCC1",
    "amiodarone fragment": "O=C(c1cc(I)c(OCCN(CC)CC)c(I)c1)c1ccccc1",
    "tavaborole": "OB1OCc2cc(F)ccc12",
    "bortezomib": "CC(C)C[C@H](NC(=O)[C@H](Cc1ccccc1)NC(=O)c1cnccn1)B(O)O",
    "fosfomycin": "C[C@@H]1O[C@@H]1P(=O)(O)O",
    "cyclophosphamide": "ClCCN(CCCl)[P@]1(=O)NCCCO1",
    "tenofovir": "C[C@H](Cn1cnc2c(N)ncnc12)OCP(=O)(O)O",
    "fluoxetine cation": "C[NH2+]CC[C@@H](Oc1ccc(cc1)C(F)(F)F)c1ccccc1",
    "metformin cation": "CN(C)C(=N)NC(N)=[NH2+]",
    "exaltolide": "O=C1CCCCCCCCCCCCCCO1",
    "betaine": "C[N+](C)(C)CC(=O)[O-]",
    "Gly-Ala-Phe": "NCC(=O)N[C@@H](C)C(=O)N[C@@H](Cc1ccccc1)C(=O)O",
    "sulfamethoxazole": "Cc1cc(NS(=O)(=O)c2ccc(N)cc2)no1",
    "omeprazole": "COc1ccc2[nH]c(nc2c1)[S@](=O)Cc1ncc(C)c(OC)c1C",
    "atenolol": "CC(C)NC[C@H](O)COc1ccc(CC(N)=O)cc1",
    "warfarin": "CC(=O)C[C@@H](c1ccccc1)c1c(O)c2ccccc2oc1=O",
    "captopril": "C[C@H](CS)C(=O)N1CCC[C@H]1C(=O)O",
    "silafluofen core": "C[Si](C)(CCCc1ccccc1)c1ccc(OCC)cc1",
    "ciprofloxacin": "O=C(O)c1cn(C2CC2)c2cc(N3CCNCC3)c(F)cc2c1=O",
}
CALLS = [
    "CC(=O)Oc1ccccc1C(=O)O", "CC(C)Cc1ccc(cc1)[C@@H](C)C(=O)O", "Cn1cnc2c1c(=O)n(C)c(=O)n2C",
    "CCCc1nn(C)c2c1nc([nH]c2=O)-c1cc(ccc1OCC)S(=O)(=O)N1CCN(C)CC1", "CN1CCC[C@H]1c1cccnc1",
    "CC1(C)S[C@@H]2[C@H](NC(=O)Cc3ccccc3)C(=O)N2[C@H]1C(=O)O", "O=C(O)Cc1ccccc1Nc1c(Cl)cccc1Cl",
    "CC(=O)Nc1ccc(O)cc1", "CN(C)CCC=C1c2ccccc2CCc2ccccc21", "CNCC[C@H](Oc1ccc(C(F)(F)F)cc1)c1ccccc1",
    "CC(C)NC[C@H](O)COc1cccc2ccccc12", "Clc1ccc2c(c1)C(c1ccccc1)=NCC(=O)N2C",
    "CC(=O)C[C@@H](c1ccccc1)c1c(O)c2ccccc2oc1=O", "OC(=O)CCCC[C@@H]1CCSS1", "NC(=O)N1c2ccccc2C=Cc2ccccc21",
    "COc1ccc2[nH]c(nc2c1)[S@](=O)Cc1ncc(C)c(OC)c1C",
    "CCOC(=O)C1=C(COCCN)NC(C)=C(C(=O)OC)[C@@H]1c1ccccc1Cl", "NCCc1ccc(O)c(O)c1",
    "CN1C(=O)CN=C(c2ccccc2F)c2cc([N+](=O)[O-])ccc21",
    "C[C@]12CC[C@H]3[C@@H](CCC4=CC(=O)CC[C@@]34C)[C@@H]1CC[C@@H]2O",
]  # fmt: skip


def molecule(smiles: str) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
    return open_stereo(mol).isomers[0]


def minima_of(name: str, mol: Chem.Mol, count: int, seed: int = 0) -> list[dict]:
    rows = conformers_of(name, mol, EmbedConformers(num_conformers=count, seed=seed))
    return [row for row in rows if row["method"] == "mmff"]


def clock(work, *arguments):
    """What ``work`` gives, and its CPU seconds."""
    start = time.process_time()
    result = work(*arguments)
    return result, time.process_time() - start


def relaxed(potential, mol: Chem.Mol, geometries: list[np.ndarray]):
    return relax_geometries(potential, [mol] * len(geometries), geometries, RelaxMolecules())


def fastest(work, *arguments) -> float:
    return min(clock(work, *arguments)[1] for _ in range(5))


def cost() -> None:
    potential = find_molecular_potential("aimnet2")
    print("CPU-ms per conformer")
    print("| atoms | conformers in the batch | energy + forces | energy alone |\n|---|---|---|---|")
    for smiles in ("CCO", CALLS[0], CALLS[1], CALLS[4], CALLS[3], DRUGS["imatinib"]):
        mol = molecule(smiles)
        rdDistGeom.EmbedMolecule(mol, randomSeed=1)
        for count in (1, 10, 30):
            mols = [mol] * count
            positions = pad([mol.GetConformer().GetPositions()] * count)
            both = fastest(potential.surface(mols), torch.arange(count), positions) / count
            alone = fastest(potential.energies, mols, positions) / count
            print(f"| {mol.GetNumAtoms()} | {count} | {1e3 * both:.1f} | {1e3 * alone:.1f} |", flush=True)


class SurfaceCalculator(Calculator):
    """One molecule of a potential as an ASE calculator that counts its calls."""

    implemented_properties = ("energy", "forces")

    def __init__(self, surface) -> None:
        super().__init__()
        self.surface, self.calls = surface, 0

    def calculate(self, atoms=None, properties=("energy",), system_changes=all_changes) -> None:
        super().calculate(atoms, properties, system_changes)
        self.calls += 1
        found = self.surface(torch.tensor([0]), torch.tensor(atoms.positions)[None])
        self.results = {"energy": float(found.energies[0]), "forces": found.forces[0].numpy()}


def calls(fmax: float) -> None:
    potential = find_molecular_potential("aimnet2")
    mols = [molecule(smiles) for smiles in CALLS]
    starts = [np.array(minima_of("x", mol, 1)[0]["positions"]) for mol in mols]
    ours, seconds = clock(relax_geometries, potential, mols, starts, RelaxMolecules(fmax=fmax))
    rows = [("L-BFGS here", [one.calls for one in ours], [one.energy for one in ours], seconds)]
    for name, optimizer in (("L-BFGS (ASE)", LBFGS), ("FIRE (ASE)", FIRE)):
        counts, energies, began = [], [], time.process_time()
        for mol, start in zip(mols, starts, strict=True):
            atoms = Atoms([atom.GetAtomicNum() for atom in mol.GetAtoms()], positions=start)
            atoms.calc = SurfaceCalculator(potential.surface([mol]))
            optimizer(atoms, logfile=None).run(fmax=fmax, steps=1000)
            counts.append(atoms.calc.calls)
            energies.append(atoms.get_potential_energy())
        rows.append((name, counts, energies, time.process_time() - began))
    print(f"fmax {fmax} eV/A, {len(mols)} molecules from one MMFF94 minimum each; kcal/mol")
    print("| method | energies: mean / median / most | above the lowest of the three: mean / most | CPU-s |")
    print("|---|---|---|---|")
    lowest = np.min([energies for _, _, energies, _ in rows], 0)
    for name, counts, energies, seconds in rows:
        above = (np.array(energies) - lowest) * KCAL
        numbers = f"{np.mean(counts):.1f} / {np.median(counts):.0f} / {max(counts)}"
        print(f"| {name} | {numbers} | {above.mean():.3f} / {above.max():.3f} | {seconds:.1f} |", flush=True)


def moses(wheel: str, number: int) -> None:
    potential = find_molecular_potential("aimnet2")
    test = (one for one in read_moses(wheel) if one.id.startswith("moses_test"))
    chosen = heapq.nsmallest(number, test, key=lambda one: derive_seed(0, "sample", one.id))
    potential.single_points([molecule("C")], [np.eye(5, 3)])  # loads it
    times, first, gap = np.zeros(4), [], []
    for entry in chosen:
        mol = molecule(Chem.MolToSmiles(Chem.RemoveHs(entry.build().mol)))
        rows, embedding = clock(minima_of, entry.id, mol, 10)
        shapes = [np.array(row["positions"]) for row in rows]
        points, singles = clock(potential.single_points, [mol] * len(shapes), shapes)
        order = distinct((points * KCAL).tolist(), shapes)[:3]
        low, few = clock(relaxed, potential, mol, [shapes[k] for k in order])
        every, all_of_them = clock(relaxed, potential, mol, shapes)
        times += embedding, singles, few, all_of_them
        energies = np.array([one.energy for one in every]) * KCAL
        first.append(min(one.energy for one in low) * KCAL - energies.min())
        gap.append(energies[int(np.argmin([row["energy"] for row in rows]))] - energies.min())
    times /= number
    print(
        f"{number} MOSES test molecules, K = 10, CPU-s per molecule: embed + MMFF94 {times[0]:.2f}, ", end=""
    )
    print(f"single points {times[1]:.3f}, three lowest relaxed {times[2]:.2f}, all {times[3]:.2f}")
    held, lowest = np.array(first) < 0.1, np.array(gap) < 0.1
    print(
        f"the three hold the lowest of all (0.1 kcal/mol): {held.mean():.0%}, mean above {np.mean(first):.3f}"
    )
    print(
        f"lowest MMFF94, relaxed: in the lowest basin {lowest.mean():.0%}, mean above it {np.mean(gap):.2f}"
    )


def drugs() -> None:
    """AIMNet2 (ten conformers, three relaxed) against the lowest MMFF94 of the ten, relaxed alike."""
    aimnet2, gfn2 = find_molecular_potential("aimnet2"), find_molecular_potential("gfn2-xtb")
    print("Energy of the AIMNet2 route less that of the lowest MMFF94 of ten, kcal/mol")
    print("| drug | atoms | AIMNet2 energies | GFN2 energies | CPU-s |\n|---|---|---|---|---|")
    differences = []
    for name, smiles in DRUGS.items():
        mol = molecule(smiles)
        began = time.process_time()
        rows = minima_of(name, mol, 10)
        shapes = [np.array(row["positions"]) for row in rows]
        points = aimnet2.single_points([mol] * len(shapes), shapes) * KCAL
        ends = relaxed(aimnet2, mol, [shapes[k] for k in distinct(points.tolist(), shapes)[:3]])
        best = min((one for one in ends if one.fault is None), key=lambda one: one.energy, default=None)
        seconds = time.process_time() - began
        ranked = [k for k, row in enumerate(rows) if row["force_field"] == "mmff94"]
        free = shapes[min(ranked, key=lambda k: rows[k]["energy"])] if ranked else shapes[0]
        start = f"| {name}{'' if ranked else ' (first UFF)'} | {mol.GetNumAtoms()} |"
        if best is None:
            print(f"{start} {ends[0].fault} | | {seconds:.1f} |", flush=True)
            continue
        (other,) = relaxed(aimnet2, mol, [free])
        ours, theirs = relaxed(gfn2, mol, [best.positions, free])
        pair = (best.energy - other.energy) * KCAL, (ours.energy - theirs.energy) * KCAL
        differences.append(pair)
        faults = "; ".join({one.fault for one in (*ends, other, ours, theirs) if one.fault})
        print(f"{start} {pair[0]:+.2f} | {pair[1]:+.2f} | {seconds:.1f} | {faults}", flush=True)
    for title, values in zip(("AIMNet2", "GFN2"), np.array(differences).T, strict=True):
        print(f"{title}, n = {len(values)}: lower by > 0.1 in {np.mean(values < -0.1):.0%}, ", end="")
        print(f"equal in {np.mean(np.abs(values) <= 0.1):.0%}, ", end="")
        print(f"higher by > 0.3 in {np.mean(values > 0.3):.0%}; ", end="")
        print(f"mean {values.mean():.2f}, lowest {values.min():.2f}, highest {values.max():.2f}")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("what", choices=("cost", "calls", "moses", "drugs"))
    parser.add_argument("--moses", help="wheel of molsets 0.3.1")
    parser.add_argument("--number", type=int, default=10)
    parser.add_argument("--fmax", type=float, default=0.02)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.what == "cost":
        cost()
    elif arguments.what == "calls":
        calls(arguments.fmax)
    elif arguments.what == "moses":
        moses(arguments.moses, arguments.number)
    else:
        drugs()


if __name__ == "__main__":
    main()
