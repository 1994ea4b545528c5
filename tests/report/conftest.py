"""A small results tree with the files that the stages write: real molecules, real crystals, plain numbers."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase import Atoms
from ase.io import write as write_atoms
from pymatgen.core import Lattice, Structure
from rdkit import Chem
from rdkit.Chem import AllChem
from rdkit.Geometry import Point3D

from groundstate.metrics.crystals import validity
from groundstate.metrics.definition import Definition, as_json
from groundstate.metrics.molecules.definitions import NUMBERS
from groundstate.molecules.sdf import write_sdf
from groundstate.names import write_name_table
from groundstate.records import CRYSTAL_SCHEMA, Rejection, write_records, write_rejected
from groundstate.stability.references.hull import chemical_system

FORMATION = "formation_energy_per_atom"

SMILES = (
    "CCO",
    "c1ccccc1",
    "CC(=O)N",
    "OC1CC1C#N",
    "C1CC2CC1C2",
    "N#CC1=CN=CO1",
    "CC(C)(O)C=O",
    "NC(=[NH2+])C([O-])=O",
    "O=C1CCCN1",
    "CC#CC1CO1",
    "CCCO",
    "CCCCO",
    "OCCO",
    "CC(C)O",
    "CCC(=O)N",
    "CCCC#N",
)
PROVENANCE = {
    "revision": "0123456789ab",
    "versions": {"groundstate": "0.1.0", "python": "3.11.7", "torch": "2.13.0", "rdkit": "2026.9.1"},
    "machine": {"system": "Linux-6.1", "processor": "x86_64", "cpus": 2},
    "started": "2026-11-22T03:00:00Z",
    "wall_seconds": 241.3,
    "inputs": {"records.parquet": "ab" * 32},
    "settings": {"max_steps": 400},
    "parameters": 123456,
}


def _shifted(molecule: Chem.Mol, size: float, seed: int) -> Chem.Mol:
    moved = Chem.Mol(molecule)
    noise = np.random.default_rng(seed).normal(scale=size, size=(moved.GetNumAtoms(), 3))
    turned = moved.GetConformer().GetPositions() @ np.array([[0.0, 1, 0], [-1, 0, 0], [0, 0, 1]]) + noise
    for index, position in enumerate(turned):
        moved.GetConformer().SetAtomPosition(index, Point3D(*map(float, position)))
    return moved


def _compared(ours: dict, theirs: dict) -> dict:
    """What ``score geometry`` writes of two files on the same 40 molecules."""
    return {
        key: {
            "n": 40,
            "ours": ours[key],
            "theirs": theirs[key],
            "difference": ours[key] - theirs[key],
            "interval": [0.8 * (ours[key] - theirs[key]), 1.2 * (ours[key] - theirs[key])],
            "verdict": "better" if ours[key] < theirs[key] else "no difference",
        }
        for key in ours
    }


def _write_run(folder: Path, seed: int, steps: int = 10) -> None:
    folder.mkdir(parents=True)
    rows = [f"{40 * n},{2.0 / n + 0.01 * seed:.6g},{2.2 / n + 0.02 * seed:.6g}" for n in range(1, steps + 1)]
    (folder / "training.csv").write_text("step,train_loss,validation_loss\n" + "\n".join(rows) + "\n")
    (folder / "provenance.json").write_text(json.dumps({**PROVENANCE, "seed": seed}))


def _write_score(folder: Path, summary: dict, name: str, rows: list[dict]) -> None:
    folder.mkdir(exist_ok=True)
    (folder / "summary.json").write_text(json.dumps(summary))
    pd.DataFrame(rows).to_csv(folder / name, index=False)


def write_molecules(root: Path, dataset: str = "qm9", seed: int = 0, reference: bool = True) -> Path:
    """Write one molecule run and what lies beside it; returns the run folder."""
    shared = root / "molecules" / dataset
    run = shared / "gaunt-refiner" / f"seed{seed}"
    _write_run(run, seed)
    entries = []
    for index, smiles in enumerate(SMILES):
        molecule = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(molecule, randomSeed=7)
        AllChem.MMFFOptimizeMolecule(molecule)
        entries.append((f"gdb_{index:03d}", molecule, {}))
    sizes = {name: 0.02 * (index + 1) for index, (name, *_) in enumerate(entries)}
    write_sdf(run / "predicted.sdf", [(n, _shifted(m, sizes[n], seed), {}) for n, m, _ in entries])
    write_rejected(run / "predicted.rejected.csv", [Rejection("gdb_900", "predict", "no start conformer")])
    if not (shared / "prepared").exists():
        (shared / "prepared").mkdir()
        (shared / "conformers").mkdir()
        rejections = [
            Rejection(f"gdb_{n}", "prepare", "bonds do not fit the SMILES") for n in range(901, 905)
        ]
        write_rejected(shared / "prepared" / "rejected.csv", rejections)
        write_rejected(shared / "conformers" / "rejected.csv", [])
        write_sdf(shared / "conformers" / "mmff.sdf", [(n, _shifted(m, 0.1, 3), {}) for n, m, _ in entries])
        if reference:
            write_sdf(shared / "prepared" / "test.sdf", entries)
    if reference:
        scores = {"mae": 0.241 + 0.004 * seed, "rmse": 0.47, "bond_mae": 0.0061}
        shares = {"validity": 1.0, "validity3d": 1.0}
        scores |= {"c_rmsd": 0.31, **shares}
        start = {
            "mae": 0.293,
            "rmse": 0.53,
            "bond_mae": 0.0098,
            "c_rmsd": 0.386,
            **shares,
        }
        rough = {
            "mae": 0.332,
            "rmse": 0.555,
            "bond_mae": 0.026,
            "c_rmsd": 0.446,
            **shares,
        }
        summary = {
            **scores,
            "n": 10,
            "failed": 0,
            "intervals": {key: [0.9 * value, 1.1 * value] for key, value in scores.items()},
            "definitions": as_json(NUMBERS),
            "comparisons": {"mmff": {"n": 40, "metrics": _compared(scores, start)}},
            "molecules": "ab12",
            "baselines": {"mmff": {**start, "n": 10, "failed": 0}, "etkdg": {**rough, "n": 10, "failed": 0}},
        }
        rows = [
            {"id": n, "smiles": s, "error_estimate": 0.8 * v, "c_rmsd": v, "mae": 0.8 * v, "bond_mae": v / 30}
            for (n, v), s in zip(sizes.items(), SMILES, strict=True)
        ]
        _write_score(run / "geometry", summary, "molecules.csv", rows)
        start = pd.DataFrame(rows).assign(bond_mae=lambda table: 1.5 * table["bond_mae"])
        start.to_csv(run / "geometry" / "molecules_mmff.csv", index=False)
    return run


def crystal_structures() -> dict[str, Structure]:
    """Eight crystals of known kinds, some in odd cells."""
    cubic = Lattice.cubic
    found = {
        "perovskite": Structure(cubic(3.9), ["Sr", "Ti", "O", "O", "O"], _PEROVSKITE),
        "barium": Structure(cubic(4.0), ["Ba", "Ti", "O", "O", "O"], _PEROVSKITE),
        "salt": Structure.from_spacegroup("Fm-3m", cubic(5.64), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        "cesium": Structure(cubic(4.12), ["Cs", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]),
        "wurtzite": Structure(
            Lattice.hexagonal(3.25, 5.2),
            ["Zn", "Zn", "O", "O"],
            [[1 / 3, 2 / 3, 0], [2 / 3, 1 / 3, 0.5], [1 / 3, 2 / 3, 0.38], [2 / 3, 1 / 3, 0.88]],
        ),
        "arsenide": Structure.from_spacegroup("F-43m", cubic(5.65), ["Ga", "As"], [[0, 0, 0], [0.25] * 3]),
        "iron": Structure(cubic(2.87), ["Fe", "Fe"], [[0, 0, 0], [0.5] * 3]),
        "triclinic": Structure(
            Lattice.from_parameters(4.1, 5.3, 6.0, 78, 95, 112),
            ["Yb", "Si", "Si"],
            [[0.1, 0.2, 0.3], [0.6] * 3, [0.2] * 3],
        ),
    }
    return {f"seed0-{index:04d}": structure for index, structure in enumerate(found.values())}


_PEROVSKITE = [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5]]


def _frames(structures: dict[str, Structure], stretch: float = 1.0) -> list[Atoms]:
    return [
        Atoms(
            numbers=structure.atomic_numbers,
            scaled_positions=structure.frac_coords,
            cell=structure.lattice.matrix * stretch,
            pbc=True,
            info={"id": name},
        )
        for name, structure in structures.items()
    ]


def write_crystals(
    root: Path, dataset: str = "flla", seed: int = 0, valid: float = 0.875, stability: bool = True
) -> Path:
    """Write one crystal run and what lies beside it; returns the run folder."""
    shared = root / "crystals" / dataset
    run = shared / "unimat" / f"seed{seed}"
    _write_run(run, seed)
    structures = crystal_structures()
    write_atoms(run / "generated.extxyz", _frames(structures), format="extxyz")
    if not (shared / "prepared").exists():
        generator = np.random.default_rng(5)
        rows = [
            {
                "id": f"mp-{index}",
                "formula": structure.composition.reduced_formula,
                "atomic_numbers": list(structure.atomic_numbers),
                "frac_coords": structure.frac_coords.tolist(),
                "lattice": structure.lattice.matrix.tolist(),
                "properties": {FORMATION: float(generator.normal(-1.5, 0.8))},
            }
            for index, structure in enumerate(list(structures.values()) * 5)
        ]
        write_records(shared / "prepared" / "records.parquet", rows, CRYSTAL_SCHEMA)
        write_rejected(
            shared / "prepared" / "rejected.csv", [Rejection("mp-1", "prepare", "21 atoms, more than 20")]
        )
    shares = {"structure_validity": valid, "composition_validity": 0.75, "valid": 0.7}
    scores = {
        **shares,
        "n": 80,
        "failed": 0,
        "intervals": {key: [max(0, value - 0.2), min(1, value + 0.1)] for key, value in shares.items()},
        "definitions": validity.definitions("smact14"),
        "baselines": {"data": {**{key: 0.99 for key in shares}, "n": 40, "failed": 0}},
    }
    rows = [{"id": n, "formula": s.composition.reduced_formula, "valid": True} for n, s in structures.items()]
    _write_score(run / "validity", scores, "crystals.csv", rows)
    if stability:
        (run / "cifs").mkdir()
        for name, structure in structures.items():
            structure.to(run / "cifs" / f"{name}.cif")
        write_name_table(run / "cifs" / "files.csv", list(structures), [f"{name}.cif" for name in structures])
        phases = {"SrO": -3.0, "TiO2": -3.2, "SrTiO3": -3.4, "Ti2O3": -3.1, "NaCl": -2.1, "NaCl3": -0.5}
        table = [{"id": f"mp-{k}", "formula": f, FORMATION: e} for k, (f, e) in enumerate(phases.items())]
        (run / "stability").mkdir()
        pd.DataFrame(table).to_csv(run / "stability" / "reference_phases.csv", index=False)
        energies = [0.0, 0.02, 0.0, 0.13, 0.01, 0.3, 0.45, None]
        rows = [
            {
                "id": name,
                "formula": structure.composition.reduced_formula,
                "class": "converged" if energy is not None else "not_converged",
                "system": chemical_system(structure.composition),
                FORMATION: None if energy is None else -2.2 + 3 * energy,
                "energy_above_hull": energy,
                "initial_space_group": "P1",
                "initial_space_group_number": 1,
                "space_group": None if energy is None else "Pm-3m",
                "space_group_number": None if energy is None else 221,
                "volume_ratio": None if energy is None else 1.06,
            }
            for (name, structure), energy in zip(structures.items(), energies, strict=True)
        ]
        summary = {
            "median_energy_above_hull": 0.02,
            "median_formation_energy_per_atom": -1.8,
            "classes": {"converged": 7, "not_converged": 1},
            "hull": {
                "label": "complete",
                "scheme": "mp2020",
                "phases_per_system": {"O-Sr-Ti": 4, "Cl-Na": 1},
            },
            "n": 8,
            "failed": 1,
            "intervals": {"median_energy_above_hull": [0.0, 0.3]},
            "definitions": as_json(
                {
                    "energy_above_hull": Definition("energy above the hull", "-", "eV/atom", "lower"),
                    "stable_0mev": Definition("on it", "-", "share", "higher", "On the hull"),
                }
            ),
            "against_random_search": {
                "n": 40,
                "number_stable_0mev": 10,
                "control_number_stable_0mev": 15,
                "intervals": {"stable_0mev_difference": [-0.2, -0.05]},
            },
            "baselines": {},
        }
        _write_score(run / "stability", summary, "crystals.csv", rows)
        write_atoms(run / "stability" / "relaxed.extxyz", _frames(structures, 1.02), format="extxyz")
        write_rejected(
            run / "stability" / "rejected.csv", [Rejection("seed0-0007", "stability", "not converged")]
        )
    return run


@pytest.fixture(scope="session")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One molecule run and one crystal run with every file."""
    root = tmp_path_factory.mktemp("results")
    write_molecules(root)
    write_crystals(root)
    return root


@pytest.fixture
def make_molecules() -> Callable[..., Path]:
    """``write_molecules``, for tests that change what it wrote."""
    return write_molecules


@pytest.fixture
def make_crystals() -> Callable[..., Path]:
    """``write_crystals``, for tests that change what it wrote."""
    return write_crystals
