"""Scores from Python: the numbers that the commands write, with what they mean."""

from pathlib import Path

import ase.build
import ase.io
import pytest
from rdkit import Chem
from rdkit.Chem import AllChem

import groundstate
from groundstate.errors import GroundstateError
from groundstate.metrics.definition import CrystalMetric, Definition


def molecules(seed: int) -> dict[str, Chem.Mol]:
    made = {}
    for name, smiles in {"ethanol": "CCO", "diol": "OCCO", "amine": "NCCO"}.items():
        mol = Chem.AddHs(Chem.MolFromSmiles(smiles))
        AllChem.EmbedMolecule(mol, randomSeed=seed)
        made[name] = mol
    return made


def test_geometries_are_compared_by_id_beside_baselines() -> None:
    table = groundstate.score(molecules(1), molecules(2), baselines={"same": molecules(2)})
    assert table.attrs["summary"]["n"] == 3
    assert [row["id"] for row in table.attrs["structures"]] == ["ethanol", "diol", "amine"]
    error = table[table.better == "lower"].index[0]
    assert table.same[error] == pytest.approx(0, abs=1e-9)
    assert table.attrs["definitions"][error]["text"]
    assert table.low[error] <= table.value[error] <= table.high[error]


def test_validity_of_crystals_with_a_metric_of_ones_own(tmp_path: Path) -> None:
    salt = ase.build.bulk("NaCl", "rocksalt", a=5.64)
    clash = ase.Atoms("NaCl", [[0, 0, 0], [0, 0, 0.3]], cell=[4, 4, 4], pbc=True)
    volume = CrystalMetric("volume", Definition("volume of the cell", "here", "Å³"), lambda one: one.volume)
    table = groundstate.score([salt, clash], metrics=[volume], output=tmp_path / "out")
    assert table.value["valid"] == 0.5
    assert table.value["volume"] == pytest.approx((5.64**3 / 4 + 64) / 2)
    assert table.unit["volume"] == "Å³"
    assert (tmp_path / "out/summary.json").is_file()


def test_prediction_of_crystals() -> None:
    truth = {"salt": ase.build.bulk("NaCl", "rocksalt", a=5.64), "cu": ase.build.bulk("Cu", a=3.6)}
    guess = {"salt": ase.build.bulk("NaCl", "rocksalt", a=5.60), "cu": ase.build.bulk("Cu", "bcc", a=2.8)}
    table = groundstate.score(guess, truth, kind="prediction")
    assert table.value["match_rate_unfiltered"] == 0.5


def test_what_falls_out_of_a_stability_score_reaches_the_caller(tmp_path: Path) -> None:
    references = tmp_path / "references.extxyz"
    ase.io.write(references, [ase.build.bulk("Cu", a=3.6), ase.build.bulk("Au", a=4.06)])
    with references.open("a") as handle:
        handle.write('1\nLattice="3 0 0 0 3 0 0 0 3" id=bad-phase\nCu 0 nan 0\n')
    cell = {"cell": [2.8, 2.8, 3.7], "pbc": True}
    good = ase.Atoms("CuAu", scaled_positions=[[0] * 3, [0.5] * 3], **cell)
    clash = ase.Atoms("CuAu", [[0, 0, 0], [0, 0, 0.3]], **cell)
    emt = {"potential": "ase.calculators.emt:EMT", "potential_scheme": "emt", "fmax": 0.1}
    settings = emt | {"workers": 0, "whole_references": True}
    table = groundstate.score({"NA": good, "007": clash}, references, kind="stability", settings=settings)
    lost = {one["id"]: one["stage"] for one in table.attrs["rejected"] if one["reason"]}
    assert lost == {"007": "rejected_geometry", "references.extxyz:bad-phase": "read reference"}
    assert [row["id"] for row in table.attrs["structures"]] == ["NA", "007"]


def test_faults_are_sentences() -> None:
    with pytest.raises(GroundstateError, match="reference: score of the kind 'geometry' needs one"):
        groundstate.score(molecules(1))
    with pytest.raises(GroundstateError, match="kind: 'beauty' is not one of geometry, validity"):
        groundstate.score(molecules(1), kind="beauty")
    cell = ase.build.bulk("NaCl", "rocksalt", a=5.6)
    for kind in ("crystals", "stability"):
        with pytest.raises(GroundstateError, match="settings: size: unknown key"):
            groundstate.score(cell, reference=cell, kind=kind, settings={"size": 1})
    with pytest.raises(GroundstateError, match="there is no structure to score"):
        groundstate.score([])
