"""``relax molecules``: one bad record loses no other, fields stay, the order is that of the input."""

import csv
from pathlib import Path

import pytest
from rdkit import Chem
from rdkit.Chem import rdDistGeom

from groundstate.cli import build_app
from groundstate.errors import GroundstateError
from groundstate.ground_states.relax_file import relax_sdf
from groundstate.molecular_potentials.mmff94 import Mmff94
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.sdf import molblock_with_properties, read_sdf_blocks


def record(name: str, smiles: str, hydrogens: bool = True, embedded: bool = True) -> str:
    mol = Chem.MolFromSmiles(smiles)
    mol = Chem.AddHs(mol) if hydrogens else mol
    if embedded:
        rdDistGeom.EmbedMolecule(mol, randomSeed=1)
    return molblock_with_properties(mol, name, {"my_field": "kept"})


def test_relaxes_what_it_can_in_order(tmp_path: Path) -> None:
    parts = [
        record("a", "CCO"),
        record("flat", "CCO", embedded=False),
        record("bare", "CCO", hydrogens=False),
    ]
    broken = parts[0].replace("V2000", "V9000").replace("a\n", "broken\n", 1)
    (tmp_path / "in.sdf").write_text("".join([*parts, broken, record("iodide", "CI"), record("b", "OCCN")]))
    output = tmp_path / "out.sdf"
    for settings in (RelaxMolecules(), RelaxMolecules(max_calls=2)):
        counts = relax_sdf(tmp_path / "in.sdf", output, Mmff94(), settings, 1)
        blocks = list(read_sdf_blocks(output))
        assert [block.id for block in blocks] == ["a", "iodide", "b"]
        assert counts["read"] == 6 and counts["rejected"] == 3
        assert all(block.properties["my_field"] == "kept" for block in blocks)
        assert all(float(block.properties["energy_drop_kcal"]) >= 0 for block in blocks)
        flags = [block.properties.get("flag", "") for block in blocks]
        if settings.max_calls == 2:
            assert counts["flagged"] and any("not converged after 2 energies" in flag for flag in flags)
        else:
            assert counts["relaxed"] == 3 and not any(flags)
            assert all(float(block.properties["largest_force"]) <= settings.fmax for block in blocks)
    with (tmp_path / "out.rejected.csv").open() as handle:
        reasons = {row["id"]: row["reason"] for row in csv.DictReader(handle)}
    assert "no geometry" in reasons["flat"] and "hydrogens of C1 are missing" in reasons["bare"]


def test_an_id_that_cannot_be_written_loses_its_record_alone(tmp_path: Path) -> None:
    bad = record("x", "CCO").replace("x\n", "$$$$ x\n", 1).replace(">  <id>\nx\n", "")
    (tmp_path / "in.sdf").write_text(record("a", "CCO") + bad + record("b", "CCO"))
    counts = relax_sdf(tmp_path / "in.sdf", tmp_path / "out.sdf", Mmff94(), RelaxMolecules(), 1)
    assert [block.id for block in read_sdf_blocks(tmp_path / "out.sdf")] == ["a", "b"]
    assert counts["rejected"] == 1
    assert "$$$$ x,relax,the id '$$$$ x' begins with" in (tmp_path / "out.rejected.csv").read_text()


def test_a_table_of_the_users_and_another_format_are_refused(tmp_path: Path) -> None:
    (tmp_path / "in.sdf").write_text(record("a", "CCO"))
    with pytest.raises(GroundstateError, match=r"ends in \.sdf"):
        relax_sdf(tmp_path / "in.sdf", tmp_path / "out.xyz", Mmff94(), RelaxMolecules(), 1)
    (tmp_path / "out.rejected.csv").write_text("mine")
    command = ["relax", "molecules", "--input", f"{tmp_path}/in.sdf", "--output", f"{tmp_path}/out.sdf"]
    with pytest.raises(GroundstateError, match=r"out\.rejected\.csv: is there, and groundstate did not"):
        build_app(command)(command, standalone_mode=False)
    assert (tmp_path / "out.rejected.csv").read_text() == "mine"
