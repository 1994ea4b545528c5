"""MMFF94 and GFN2-xTB behind the face of molecular potentials."""

import numpy as np
import pytest
import torch
from rdkit import Chem
from rdkit.Chem import rdForceFieldHelpers

from groundstate.errors import GroundstateError
from groundstate.molecular_potentials.interface import KCAL, find_molecular_potential, pad
from groundstate.molecules.mols import set_positions


def test_mmff94_is_that_of_rdkit(embedded) -> None:
    potential = find_molecular_potential("mmff94")
    mols, geometries = zip(*(embedded(smiles, 1) for smiles in ("CCO", "C[NH3+]", "c1ccsc1")), strict=True)
    found = potential.single_points(mols, geometries)
    for mol, geometry, energy in zip(mols, geometries, found, strict=True):
        own = set_positions(mol, geometry)
        field = rdForceFieldHelpers.MMFFGetMoleculeForceField(
            own, rdForceFieldHelpers.MMFFGetMoleculeProperties(own)
        )
        assert energy * KCAL == pytest.approx(field.CalcEnergy(), abs=1e-6)


@pytest.mark.parametrize("name", ["mmff94", "gfn2-xtb"])
def test_forces_are_the_slope_of_the_energy_also_after_another_geometry(name: str, embedded) -> None:
    if name == "gfn2-xtb":
        pytest.importorskip("tblite")
    potential = find_molecular_potential(name)
    mol, positions = embedded("CC(=O)[O-]", 1)
    surface, which = potential.surface([mol]), torch.tensor([0])
    direction = np.random.default_rng(0).normal(size=positions.shape)
    # RDKit keeps distances of the geometry before: a far one between must not show
    surface(which, pad([positions + direction]))
    forces = surface(which, pad([positions])).forces[0].numpy()
    ahead, behind = (
        float(surface(which, pad([positions + s * 1e-4 * direction])).energies[0]) for s in (1, -1)
    )
    assert -(forces * direction).sum() == pytest.approx((ahead - behind) / 2e-4, rel=1e-3, abs=1e-4)


def test_refusals_name_the_atom_and_unknown_names_what_is_allowed() -> None:
    assert "no parameters" in (find_molecular_potential("mmff94").refusal(Chem.MolFromSmiles("[Fe]")) or "")
    assert "hydrogens of C1" in (find_molecular_potential("gfn2-xtb").refusal(Chem.MolFromSmiles("C")) or "")
    assert "Rn" in (find_molecular_potential("gfn2-xtb").refusal(Chem.MolFromSmiles("[U]")) or "")
    with pytest.raises(GroundstateError, match="aimnet2, gfn2-xtb, mmff94"):
        find_molecular_potential("aimnet3")
