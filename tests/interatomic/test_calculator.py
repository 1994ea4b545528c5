"""Checkpoints as calculators: in ASE's optimisers and dynamics, in `relax`, in `score stability`."""

import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pandas as pd
import pytest
from ase import Atoms, units
from ase.build import bulk, molecule
from ase.calculators.fd import calculate_numerical_forces, calculate_numerical_stress
from ase.filters import FrechetCellFilter
from ase.md.verlet import VelocityVerlet
from ase.optimize import FIRE
from rdkit import Chem
from rdkit.Chem import AllChem

import groundstate.potentials
from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecules.sdf import write_sdf
from groundstate.potentials.interface import find_potential
from groundstate.potentials.relax import relax
from groundstate.potentials.settings import RelaxSettings
from untrained import write_untrained


@pytest.fixture(scope="module")
def water(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("water")
    return [write_untrained(folder / f"{seed}.ckpt", seed) for seed in range(2)]


@pytest.fixture(scope="module")
def alloy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_untrained(tmp_path_factory.mktemp("alloy") / "best.ckpt", 0, (29, 79))


def test_the_import_loads_no_torch() -> None:
    code = "import sys, groundstate.potentials; sys.exit('torch' in sys.modules or 'ase' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


def test_forces_and_stress_are_derivatives_in_ase(alloy: Path) -> None:
    atoms = bulk("Cu", cubic=True)
    atoms.numbers[0] = 79
    atoms.positions += 0.1 * np.random.default_rng(0).normal(size=(4, 3))
    atoms.calc = groundstate.potentials.load(alloy)
    np.testing.assert_allclose(calculate_numerical_forces(atoms, 1e-5), atoms.get_forces(), atol=1e-6)
    np.testing.assert_allclose(calculate_numerical_stress(atoms, 1e-5), atoms.get_stress(), atol=1e-7)
    assert atoms.get_potential_energies().sum() == pytest.approx(atoms.get_potential_energy(), abs=1e-10)


def test_dynamics_keep_the_energy_and_optimisers_go_down(water: list[Path], alloy: Path) -> None:
    atoms = molecule("H2O")
    atoms.calc = groundstate.potentials.load(water[0])
    FIRE(atoms, logfile=None).run(fmax=0.01, steps=200)
    assert np.abs(atoms.get_forces()).max() < 0.01
    atoms.set_momenta(np.random.default_rng(0).normal(size=(3, 3)))
    totals = []
    dynamics = VelocityVerlet(atoms, 0.2 * units.fs)
    dynamics.attach(lambda: totals.append(atoms.get_total_energy()))
    dynamics.run(40)
    assert np.ptp(totals) < 0.02 * atoms.get_kinetic_energy() + 1e-3
    cell = bulk("Au", a=4.3)
    cell.calc = groundstate.potentials.load(alloy)
    before = cell.get_potential_energy()
    FIRE(FrechetCellFilter(cell), logfile=None).run(fmax=0.05, steps=50)
    assert cell.get_potential_energy() < before


def test_a_committee_is_the_mean_of_its_members_in_batches(water: list[Path]) -> None:
    structures = [molecule("H2O"), molecule("H2O2"), molecule("O2")]
    single = [groundstate.potentials.load(path).evaluate(structures) for path in water]
    both = groundstate.potentials.load(water)
    for number, together in enumerate(both.evaluate(structures, batch_size=2)):
        one, two = (results[number] for results in single)
        assert together["energy"] == pytest.approx((one["energy"] + two["energy"]) / 2, abs=1e-10)
        np.testing.assert_allclose(together["forces"], (one["forces"] + two["forces"]) / 2, atol=1e-10)
        apart = one["forces"] - two["forces"]
        np.testing.assert_allclose(together["force_spread"], np.linalg.norm(apart, axis=1) / 2**0.5)
        assert together["energy_spread"] == pytest.approx(abs(one["energy"] - two["energy"]) / 2**0.5)
    atoms = structures[0]
    atoms.calc = both
    atoms.get_forces()
    assert atoms.calc.results["force_spread"].shape == (3,)


def test_members_may_have_other_cutoffs_but_not_other_elements(
    water: list[Path], alloy: Path, tmp_path: Path
) -> None:
    wide = write_untrained(tmp_path / "wide.ckpt", 5, cutoff=5.0)
    atoms = Atoms("HH", [[0, 0, 0], [0, 0, 4.2]])
    energies = [
        groundstate.potentials.load(paths).evaluate([atoms])[0]["energy"] for paths in (water[0], wide)
    ]
    both = groundstate.potentials.load([water[0], wide]).evaluate([atoms])[0]["energy"]
    assert energies[0] == 6.0 != energies[1]  # two atoms apart
    assert both == pytest.approx(np.mean(energies), abs=1e-12)
    with pytest.raises(GroundstateError, match=r"knows Cu, Au, but .*0\.ckpt knows H, O"):
        groundstate.potentials.load([water[0], alloy])
    with pytest.raises(GroundstateError, match="no checkpoint"):
        groundstate.potentials.load([])
    with pytest.raises(GroundstateError, match="precision: 'half' is not one of float32, float64"):
        groundstate.potentials.load(water[0], precision="half")


def test_a_crystal_is_relaxed_by_its_checkpoint(alloy: Path, tmp_path: Path) -> None:
    potential = find_potential(str(alloy))
    relaxed = relax(potential, bulk("Au", a=4.3), RelaxSettings(max_steps=20))
    assert relaxed.energy < relaxed.initial_energy
    crystals = tmp_path / "crystals.extxyz"
    ase.io.write(crystals, [bulk("Au", a=4.3), bulk("Cu", a=3.8)], format="extxyz")
    references = tmp_path / "known.extxyz"
    ase.io.write(references, [bulk("Au", a=4.1), bulk("Cu", a=3.6)], format="extxyz")
    main_arguments = ["score", "stability", "--structures", str(crystals), "--reference", str(references)]
    main_arguments += ["--potential", str(alloy), "--output", str(tmp_path / "out")]
    settings = '{"workers": 0, "max_steps": 5, "element_reference": "own", "shipped_references": false}'
    with pytest.raises(SystemExit) as done:
        main([*main_arguments, "--settings", settings])
    assert done.value.code == 0
    table = pd.read_csv(tmp_path / "out/crystals.csv")
    assert len(table) == 2
    assert set(table["class"]) <= {"converged", "not_converged", "collapsed", "rejected_geometry", "runaway"}


def test_molecules_are_relaxed_by_a_checkpoint(water: list[Path], tmp_path: Path) -> None:
    entries = []
    for name, smiles in (("water", "O"), ("peroxide", "OO"), ("methane", "C"), ("hydroxide", "[OH-]")):
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(mol, randomSeed=1)
        entries.append((name, mol, {}))
    write_sdf(tmp_path / "in.sdf", entries)
    arguments = ["relax", "molecules", "--input", str(tmp_path / "in.sdf"), "--potential", str(water[0])]
    with pytest.raises(SystemExit) as done:
        main([*arguments, "--output", str(tmp_path / "out.sdf"), "--max-calls", "60"])
    assert done.value.code == 0
    rejected = pd.read_csv(next(tmp_path.glob("*rejected.csv"))).set_index("id")["reason"]
    assert "has not seen the element of C1; it knows H, O" in rejected["methane"]
    assert "charge of -1" in rejected["hydroxide"]
    kept = [mol for mol in Chem.SDMolSupplier(str(tmp_path / "out.sdf"), removeHs=False) if mol]
    assert [mol.GetProp("_Name") for mol in kept] == ["water", "peroxide"]
    potential = find_molecular_potential(str(water[0]))
    assert potential.identity.startswith("trained ")
    first = entries[0][1]
    energy = potential.single_points([first], [first.GetConformer().GetPositions()])[0]
    atoms = Atoms([a.GetAtomicNum() for a in first.GetAtoms()], first.GetConformer().GetPositions())
    expected = groundstate.potentials.load(water[0]).evaluate([atoms])[0]["energy"]
    assert energy == pytest.approx(expected, abs=1e-10)
