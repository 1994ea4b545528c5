"""Relaxation from Python: molecules by MMFF94, crystals by a calculator of one's own."""

import sys
from pathlib import Path

import ase.build
import numpy as np
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

import groundstate
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_structure

EMT = "from ase.calculators.emt import EMT as calculator\n"


@pytest.fixture
def emt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    (tmp_path / "own_emt.py").write_text(EMT)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_emt:calculator"
    sys.modules.pop("own_emt", None)


def ethanol(name: str | None = None) -> Chem.Mol:
    mol = Chem.AddHs(Chem.MolFromSmiles("CCO"))
    AllChem.EmbedMolecule(mol, randomSeed=1)
    if name:
        mol.SetProp("id", name)
    return mol


def test_molecules_fall_to_a_minimum_in_order_with_ids(capsys) -> None:
    flat = Chem.MolFromSmiles("CC")
    table = groundstate.relax([ethanol("a"), flat, ethanol()], potential="mmff94")
    assert list(table.id) == ["a", "structure-3"]
    assert (table.energy_drop_kcal > 0).all()
    assert (table.largest_force < 0.02).all()
    assert [one["id"] for one in table.attrs["rejected"]] == ["structure-2"]
    assert "no geometry" in table.attrs["rejected"][0]["reason"]
    again = groundstate.relax(table.mol[0], potential="mmff94")
    assert again.energy_ev[0] == pytest.approx(table.energy_ev[0], abs=1e-4)


def test_crystals_relax_with_their_cells(emt: str) -> None:
    stretched = ase.build.bulk("Cu", a=3.8)
    table = groundstate.relax({"cu": stretched, "same": to_structure(stretched)}, potential=emt, fmax=0.01)
    assert list(table.id) == ["cu", "same"]
    volume = table.structure[0].volume
    assert volume == pytest.approx(3.596**3 / 4, rel=0.01)  # lattice constant of ASE's EMT for copper
    assert table.volume_ratio[0] == pytest.approx(volume / stretched.get_volume())
    assert table.energy_drop_per_atom[0] > 0
    assert table.energy_per_atom[0] == pytest.approx(table.energy_per_atom[1], abs=1e-6)
    assert np.isfinite(table.largest_force).all()


def test_a_crystal_that_cannot_be_is_rejected_by_name(emt: str) -> None:
    touching = ase.Atoms("Cu2", [[0, 0, 0], [0, 0, 0.3]], cell=[3, 3, 3], pbc=True)
    table = groundstate.relax([ase.build.bulk("Cu", a=3.6), touching], potential=emt, max_steps=2)
    assert [one["id"] for one in table.attrs["rejected"]] == ["structure-2"]
    assert "Cu-Cu distance" in table.attrs["rejected"][0]["reason"]


def test_faults_are_sentences(emt: str) -> None:
    with pytest.raises(GroundstateError, match="relax them in two calls"):
        groundstate.relax([ethanol(), ase.build.bulk("Cu")])
    with pytest.raises(GroundstateError, match="there is no structure"):
        groundstate.relax([])
    with pytest.raises(GroundstateError, match="unknown molecular potential 'none'"):
        groundstate.relax(ethanol(), potential="none")
