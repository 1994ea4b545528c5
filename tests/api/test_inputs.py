"""Ids and bonds of what people hold in Python."""

import ase
import ase.build
import pytest
from pymatgen.core import Lattice, Structure
from rdkit import Chem
from rdkit.Chem import rdDepictor

from groundstate.api.inputs import molecule_of, named
from groundstate.molecules.mols import RecordError
from groundstate.molecules.open_stereo import open_stereo


def test_ids_are_keys_own_ids_or_numbers() -> None:
    mol = Chem.MolFromSmiles("C")
    mol.SetProp("_Name", "methane")
    assert [name for name, _ in named([mol, "CC"], "molecule")] == ["methane", "molecule-2"]
    assert [name for name, _ in named("CC", "molecule")] == ["molecule-1"]
    assert [name for name, _ in named({7: "CC"}, "molecule")] == ["7"]
    structure = Structure(Lattice.cubic(3), ["Cu"], [[0, 0, 0]], properties={"id": "mine"})
    assert [name for name, _ in named(structure, "structure")] == ["mine"]
    assert [name for name, _ in named(ase.build.bulk("Cu"), "structure")] == ["structure-1"]


def test_bonds_of_bare_atoms_follow_the_charge() -> None:
    ammonium = ase.build.molecule("CH4")
    ammonium.symbols[0] = "N"
    ammonium.info["charge"] = 1
    assert Chem.MolToSmiles(Chem.RemoveHs(molecule_of(ammonium))) == "[NH4+]"
    ammonium.info["charge"] = 0
    with pytest.raises(RecordError, match="no bonds fit these atoms with charge 0"):
        molecule_of(ammonium)
    with pytest.raises(RecordError, match="it is a crystal"):
        molecule_of(ase.build.bulk("Cu"))


def test_wavy_bonds_of_a_molecule_leave_its_stereo_open() -> None:
    drawn = Chem.MolFromSmiles("CC=CF |w:1.0|")
    rdDepictor.Compute2DCoords(drawn)
    mol = Chem.MolFromMolBlock(Chem.MolToMolBlock(drawn))
    assert open_stereo(molecule_of(mol)).elements == ["C2-C3"]
    assert mol.GetBondWithIdx(0).HasProp("_UnknownStereo")  # the user's own molecule stays
