"""Which molecules of a source are labelled: sample, stereo, salts, refusals."""

from pathlib import Path

from groundstate.ground_states.inputs import read_graphs
from groundstate.ground_states.settings import LabelGeometry
from groundstate.molecular_potentials.aimnet2 import Aimnet2
from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.records import Rejection


def graphs(path: Path, **settings: object) -> tuple[list[dict], dict[str, str]]:
    rejections: list[Rejection] = []
    chosen = LabelGeometry.model_validate(settings)
    records = read_graphs(lambda: read_entries("smiles", [path]), chosen, Aimnet2(), rejections)
    return records, {row.id: row.reason for row in rejections}


def test_rejects_with_reasons_and_keeps_the_order(smiles_file: Path) -> None:
    records, reasons = graphs(smiles_file)
    assert [record["id"] for record in records] == ["ethanol", "aldehyde", "alanine", "ring", "amine"]
    assert "unpaired electron at C2" in reasons["radical"]
    assert "undefined stereo" in reasons["open"] and "occurs twice" in reasons["ethanol"]
    assert all(record["positions"] is None for record in records)


def test_an_open_centre_is_drawn_by_the_seed_and_named(smiles_file: Path) -> None:
    smiles = set()
    for seed in range(6):
        records, _ = graphs(smiles_file, undefined_stereo="draw", seed=seed)
        again, _ = graphs(smiles_file, undefined_stereo="draw", seed=seed)
        assert records == again
        smiles |= {record["smiles"] for record in records if record["id"] == "open"}
    assert smiles == {"C[C@](F)(Cl)Br", "C[C@@](F)(Cl)Br"}


def test_a_sample_does_not_depend_on_the_order(smiles_file: Path) -> None:
    few = {record["id"] for record in graphs(smiles_file, max_molecules=4)[0]}
    smiles_file.write_text("\n".join(reversed(smiles_file.read_text().splitlines())) + "\n")
    assert {record["id"] for record in graphs(smiles_file, max_molecules=4)[0]} == few


def test_the_largest_part_of_a_salt(tmp_path: Path) -> None:
    path = tmp_path / "salt.smi"
    path.write_text("CC(=O)[O-].[Na+] acetate\n")
    (record,), _ = graphs(path, fragments="largest")
    assert record["smiles"] == "CC(=O)[O-]" and record["stripped"] == "[Na+]"
    assert "fragments" in graphs(path)[1]["acetate"]
