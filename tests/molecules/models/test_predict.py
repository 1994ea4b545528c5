"""Prediction from a checkpoint: order, ids, batches, bad input."""

import csv
from itertools import chain, combinations
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch
from rdkit import Chem
from scipy.spatial.distance import pdist
from typer.testing import CliRunner

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.candidates import centred
from groundstate.molecules.conformers.soundness import Soundness
from groundstate.molecules.models.base import Prediction
from groundstate.molecules.models.examples import DataSet, read_starts
from groundstate.molecules.models.gaunt.model import GauntModel
from groundstate.molecules.models.load import load_model
from groundstate.molecules.models.predict import molecules_of, predict_molecules, stored
from groundstate.molecules.models.settings import TrainGeometry
from groundstate.molecules.models.train import train
from groundstate.molecules.stereo import match_stereo
from groundstate.records import MOLECULE_SCHEMA, read_records, read_split
from groundstate.settings import parse_settings

CASES = Path(__file__).parents[2] / "data" / "cases" / "mmff_small.smi"
SETTINGS = parse_settings(
    TrainGeometry,
    '{"gaunt": {"channels": 4, "features": 8, "layers": 1, "radial": 6}, '
    '"training": {"max_steps": 6, "batch_size": 4, "learning_rate": 0.01}}',
)


@pytest.fixture(scope="module")
def checkpoint(prepared, tmp_path_factory):
    folder = tmp_path_factory.mktemp("checkpoint")
    train([DataSet("", *prepared)], "gaunt", SETTINGS, 0, folder)
    return folder / "best.ckpt"


def command(*arguments):
    from groundstate.cli import build_app

    arguments = ["predict", "geometry", *map(str, arguments)]
    return CliRunner().invoke(build_app(arguments), arguments)


def predicted(model, records, starts, **options):
    """Predictions of all records from start geometries by id."""
    rejections = []
    made = predict_molecules(model, molecules_of(records, rejections), stored(starts), rejections, **options)
    return list(made)


def read_sdf(path):
    return [mol for mol in Chem.SDMolSupplier(str(path), removeHs=False)]


def rejected(path):
    return {row["id"]: row["reason"] for row in csv.DictReader(path.open())}


def predict_file(checkpoint, folder, text, name="my.smi", *options):
    (folder / name).write_text(text)
    files = ("--input", folder / name, "--checkpoint", checkpoint, "--output", folder / "out.sdf")
    result = command(*files, *options)
    assert result.exit_code == 0, result.output
    return read_sdf(folder / "out.sdf"), rejected(folder / "out.rejected.csv")


def test_test_split_comes_out_whole_in_order_with_ids(prepared, checkpoint, tmp_path):
    output = tmp_path / "predicted.sdf"
    result = command(
        *("--input", prepared.records, "--splits", prepared.splits, "--conformers", prepared.conformers),
        *("--checkpoint", checkpoint, "--output", output),
    )
    assert result.exit_code == 0, result.output
    mols = read_sdf(output)
    ids = read_split(prepared.splits, "random", "test")
    assert [mol.GetProp("_Name") for mol in mols] + list(rejected(tmp_path / "predicted.rejected.csv")) == ids
    assert [mol.GetProp("id") for mol in mols] == [mol.GetProp("_Name") for mol in mols]
    for mol, record in zip(mols, read_records(prepared.records, MOLECULE_SCHEMA, ids), strict=True):
        assert [atom.GetAtomicNum() for atom in mol.GetAtoms()] == record["atomic_numbers"]


def test_result_does_not_depend_on_the_batch_size(prepared, checkpoint):
    model = load_model(checkpoint, torch.device("cpu"))
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    starts = read_starts(prepared.conformers, [record["id"] for record in records], "mmff")
    runs = [predicted(model, records, starts, batch_size=size, num_geometries=2) for size in (1, 7, 64)]
    for one, *others in zip(*(list(chain(*run)) for run in runs), strict=True):
        for other in others:
            assert one.id == other.id and one.failed == other.failed
            np.testing.assert_allclose(
                one.mol.GetConformer().GetPositions(), other.mol.GetConformer().GetPositions(), atol=1e-4
            )


def test_own_smiles_bad_ones_are_rejected_with_reasons_and_the_rest_is_predicted(checkpoint, tmp_path):
    mols, reasons = predict_file(
        checkpoint,
        tmp_path,
        "C[C@H](O)C#N right hand\nnot-a-smiles broken\nCBr bromide\nC.O pair\n"
        "C methane\nCC methane\nO water.v1\n",
    )
    assert [mol.GetProp("_Name") for mol in mols] == ["right hand", "methane", "water.v1"]
    assert set(reasons) == {"broken", "bromide", "pair", "methane"}
    assert "element Br was not in the training set" in reasons["bromide"]
    assert "fragments" in reasons["pair"] and "twice" in reasons["methane"]
    assert mols[1].GetNumAtoms() == 5 and mols[1].GetConformer().Is3D()


@pytest.mark.parametrize("smiles", ["C[C@H](O)C#N", "C[C@@H](O)C#N", "C/C=C/O", "C/C=C\\O"])
def test_handedness_of_the_input_is_kept(checkpoint, tmp_path, smiles):
    (mol,), _ = predict_file(checkpoint, tmp_path, f"{smiles} one\n")
    asked = Chem.AddHs(Chem.MolFromSmiles(smiles))
    order = mol.GetSubstructMatch(asked)
    positions = mol.GetConformer().GetPositions()[list(order)]
    match = match_stereo(asked, positions)
    assert match.complete and match.tetrahedral + match.double_bonds == 1


def test_open_stereo_is_enumerated_or_refused_never_chosen(checkpoint, tmp_path):
    text = "CC(O)C#N open\nC[C@H](O)C=CC half\nCCO none\n"
    mols, reasons = predict_file(checkpoint, tmp_path, text)
    assert [mol.GetProp("id") for mol in mols] == ["open-1", "open-2", "half-1", "half-2", "none"]
    smiles = [mol.GetProp("smiles") for mol in mols]
    assert len(set(smiles)) == 5 and not reasons
    assert {Chem.CanonSmiles(one) for one in smiles[2:4]} == {
        Chem.CanonSmiles("C[C@H](O)/C=C/C"),
        Chem.CanonSmiles("C[C@H](O)/C=C\\C"),
    }
    mols, reasons = predict_file(checkpoint, tmp_path, text, "my.smi", "--stereo", "refuse")
    assert [mol.GetProp("id") for mol in mols] == ["none"]
    assert reasons["open"].startswith("undefined stereo at C2;")
    assert reasons["half"].startswith("undefined stereo at C4-C5;")


def test_only_sound_conformers_with_the_right_stereo_are_candidates(checkpoint, prepared):
    model = load_model(checkpoint, torch.device("cpu"))
    record = read_records(prepared.records, MOLECULE_SCHEMA)[0]
    row = read_starts(prepared.conformers, [record["id"]], "mmff")[record["id"]][0]
    broken = row | {"positions": row["positions"] * 3, "energy": -100.0, "origin": "fallback"}
    lost = row | {"stereo_kept": False, "energy": -50.0, "origin": "fallback"}
    high = row | {"energy": 10.0, "origin": "random_coordinates"}
    ((one,),) = predicted(model, [record], {record["id"]: [broken, lost, high]}, num_geometries=3)
    assert one.properties["origin"] == "random_coordinates" and one.failed is None


def test_own_sdf_without_hydrogens_gets_them(checkpoint, tmp_path):
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))
    (mol,), reasons = predict_file(checkpoint, tmp_path, f"{block}$$$$\n", "my.sdf")
    assert mol.GetNumAtoms() == 9 and mol.GetProp("id") == "my-1" and not reasons


class Mirror(GauntModel):
    """Its first start geometry, mirrored."""

    def predict(self, molecules, keep):
        starts = [centred(molecule.starts[0]["positions"]) for molecule in molecules]
        return [[Prediction(start * [1, 1, -1], start=start)] for start in starts]


def test_geometry_that_loses_its_stereo_is_not_passed_on(prepared, checkpoint):
    """A model that mirrors what it gets: chiral molecules fall back to their start, marked."""
    records = read_records(prepared.records, MOLECULE_SCHEMA)
    starts = read_starts(prepared.conformers, [record["id"] for record in records], "mmff")
    mirror = Mirror(load_model(checkpoint, torch.device("cpu")).config)
    predictions = list(chain(*predicted(mirror, records, starts)))
    lost = [one for one in predictions if one.failed and "refinement changed the stereo" in one.failed]
    assert 0 < len(lost) < len(predictions)
    for one in lost:
        np.testing.assert_allclose(
            one.mol.GetConformer().GetPositions(), centred(starts[one.id][0]["positions"]), atol=1e-6
        )
        assert match_stereo(one.mol, one.mol.GetConformer().GetPositions()).complete


def test_unknown_file_kind_and_wrong_checkpoint_are_one_line(checkpoint, tmp_path):
    (tmp_path / "my.xyz").write_text("1\n\nC 0 0 0\n")
    (tmp_path / "bad.ckpt").write_text("nothing")
    with pytest.raises(GroundstateError, match=r"unknown kind of file; one of \.smi"):
        raise command(
            *("--input", tmp_path / "my.xyz", "--checkpoint", checkpoint, "--output", tmp_path / "x.sdf")
        ).exception
    with pytest.raises(GroundstateError, match="not a whole groundstate checkpoint"):
        load_model(tmp_path / "bad.ckpt", torch.device("cpu"))


def files(checkpoint, folder, output):
    (folder / "my.smi").write_text("CCO ethanol\n")
    return "--input", folder / "my.smi", "--checkpoint", checkpoint, "--output", output


def test_a_run_ends_with_what_it_did(checkpoint, tmp_path):
    (tmp_path / "my.smi").write_text("CCO a\nCCBr b\nCC c\nCCCCCCCCCCCCO d\n")
    options = ("--input", tmp_path / "my.smi", "--checkpoint", checkpoint, "--workers", 1)
    result = command(*options, "--output", tmp_path / "x.extxyz")
    written = len(ase.io.read(tmp_path / "x.extxyz", index=":"))
    assert written == 3
    assert f"{written} of 4 molecules written to {tmp_path}/x.extxyz, {4 - written} rejected" in result.output
    assert f"see {tmp_path}/x.extxyz.rejected.csv" in result.output
    assert "of them are unlike the molecules of the training" in result.output


@pytest.mark.parametrize("output", ["copy.ckpt", "my.smi", "my.sdf"])
def test_an_output_that_is_an_input_or_another_s_file_is_refused(checkpoint, tmp_path, output):
    """The checkpoint is renamed so that its suffix says a format, too."""
    model = tmp_path / "copy.sdf"
    model.write_bytes(checkpoint.read_bytes())
    (tmp_path / "my.sdf").write_text("mine\n")
    target = model if output == "copy.ckpt" else tmp_path / output
    before = target.read_bytes() if target.exists() else None
    result = command(*files(model, tmp_path, target))
    assert isinstance(result.exception, GroundstateError)
    assert "--output" in str(result.exception) and str(target) in str(result.exception)
    assert before is None or target.read_bytes() == before


def test_nothing_to_predict_and_nothing_predicted_are_errors(prepared, checkpoint, tmp_path):
    given = ("--checkpoint", checkpoint, "--output", tmp_path / "x.sdf")
    (tmp_path / "my.smi").write_text("not-a-smiles broken\n")
    result = command("--input", tmp_path / "my.smi", *given)
    assert isinstance(result.exception, GroundstateError)
    assert "0 of 1 molecules written" in str(result.exception)
    assert "broken" in rejected(tmp_path / "x.rejected.csv")
    splits = prepared.splits.read_text()
    header = splits.splitlines()[0]
    for text, words in (
        (f"{header}\n", "is in no part: the split file is of other records, or cut"),
        (
            f"{splits}gdb_cut{',test' * header.count(',')}\n",
            "'gdb_cut' is not among the records",
        ),
    ):
        (tmp_path / "splits.csv").write_text(text)
        result = command("--input", prepared.records, "--splits", tmp_path / "splits.csv", *given)
        assert isinstance(result.exception, GroundstateError) and words in str(result.exception)


def test_an_input_is_not_replaced_by_a_table_of_rejections(checkpoint, tmp_path):
    smiles = tmp_path / "x.rejected.csv"
    smiles.write_text("smiles,id\nCCO,a\n")
    result = command("--input", smiles, "--checkpoint", checkpoint, "--output", tmp_path / "x.sdf")
    assert isinstance(result.exception, GroundstateError)
    assert "x.rejected.csv: is an input of this command" in str(result.exception)
    assert smiles.read_text() == "smiles,id\nCCO,a\n"


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ("--device", "tpu", "'tpu' is not one of auto, cpu, cuda"),
        ("--seed", "-1", "Invalid value for '--seed'"),
        ("--seed", "1e3", "Invalid value for '--seed'"),
        ("--workers", "100000", "Invalid value for '--workers'"),
        ("--num-geometries", "0", "Invalid value for '--num-geometries'"),
        ("--num-conformers", "99999999999", "Invalid value for '--num-conformers'"),
        ("--batch-size", "nan", "Invalid value for '--batch-size'"),
        ("--subset", "-3", "Invalid value for '--subset'"),
        ("--output", "x.mol2", "says no format"),
        ("--model", "gnu", "unknown geometry model 'gnu'"),
    ],
)
def test_an_impossible_option_is_one_sentence(checkpoint, tmp_path, option, value, words):
    given = dict(zip(*[iter(files(checkpoint, tmp_path, tmp_path / "x.sdf"))] * 2, strict=True))
    result = command(*chain(*(given | {option: value}).items()))
    assert words in f"{result.output}{result.exception}"
    assert isinstance(result.exception, GroundstateError | SystemExit) and not (tmp_path / "x.sdf").exists()


def test_impossible_starts_are_never_passed_on_with_a_small_estimate(checkpoint, tmp_path):
    mols, reasons = predict_file(checkpoint, tmp_path, CASES.read_text(), "my.smi", "--workers", 1)
    ids = [line.split()[1] for line in CASES.read_text().splitlines()]
    assert {name.split("-")[0] for name in [*reasons, *(mol.GetProp("id") for mol in mols)]} == set(ids)
    for mol in mols:
        assert Soundness(mol).fault(mol.GetConformer().GetPositions()) is None
        assert mol.GetProp("domain") == "inside" or mol.GetProp("domain").startswith("outside: ")


def test_runners_up_are_other_conformers_of_the_same_molecule_ranked(checkpoint, tmp_path):
    text = "OCCCO flexible\nC#C rigid\n"
    mols, reasons = predict_file(checkpoint, tmp_path, text, "my.smi", "--num-geometries", 3)
    assert [mol.GetProp("id") for mol in mols] == ["flexible"] * 3 + ["rigid"] and not reasons
    assert [mol.GetProp("rank") for mol in mols] == ["1", "2", "3", "1"]
    shapes = [np.sort(pdist(mol.GetConformer().GetPositions())) for mol in mols[:3]]
    assert all(abs(one - other).max() > 0.05 for one, other in combinations(shapes, 2))
    assert 0 <= sum(float(mol.GetProp("candidate_probability")) for mol in mols[:3]) <= 1.002


def test_charges_radicals_isotopes_and_one_atom_come_out_as_they_went_in(checkpoint, tmp_path):
    asked = {
        "salt": "C[NH3+]",
        "acid": "CC(=O)[O-]",
        "radical": "C[CH2]",
        "heavy": "[2H]OC",
        "alone": "[O-2]",
    }
    text = "".join(f"{smiles} {name}\n" for name, smiles in asked.items())
    mols, reasons = predict_file(checkpoint, tmp_path, text)
    assert [mol.GetProp("id") for mol in mols] == list(asked) and not reasons
    for mol, smiles in zip(mols, asked.values(), strict=True):
        assert Chem.CanonSmiles(Chem.MolToSmiles(Chem.RemoveHs(mol))) == Chem.CanonSmiles(smiles)


def test_one_broken_record_in_the_middle_of_an_sdf_loses_no_other(checkpoint, tmp_path):
    blocks = [Chem.MolToMolBlock(Chem.MolFromSmiles(smiles)) for smiles in ("CCO", "CCN", "CC#N")]
    blocks[1] = blocks[1].replace("N", "Qq")
    text = "".join(f"name {k}\n{block.split(chr(10), 1)[1]}$$$$\n" for k, block in enumerate(blocks))
    mols, reasons = predict_file(checkpoint, tmp_path, text, "my.sdf")
    assert [mol.GetProp("id") for mol in mols] == ["name 0", "name 2"] and list(reasons) == ["name 1"]


@pytest.mark.slow
def test_two_hundred_heavy_atoms_and_what_cannot_be_embedded_stop_nobody(checkpoint, tmp_path):
    impossible = "C1C[C@H]2[C@@]1(C2)[C@]13C[C@@H]1[C@H]3C"
    text = f"CCO first\n{'C' * 200} long\n{impossible} cage\nCCN last\n"
    mols, reasons = predict_file(
        checkpoint, tmp_path, text, "my.smi", "--num-conformers", 1, "--stereo", "refuse"
    )
    ids = [mol.GetProp("id") for mol in mols]
    assert [name for name in ("first", "long", "cage", "last") if name in ids or name in reasons] == [
        *("first", "long", "cage", "last")
    ]
    assert ids[0] == "first" and ids[-1] == "last"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_geometries(checkpoint, tmp_path):
    files = {}
    for device in ("cpu", "cuda"):
        (tmp_path / device).mkdir()
        files[device], none = predict_file(
            checkpoint,
            tmp_path / device,
            "CCO a\nc1ccccc1C b\nC[C@H](O)C=O c\n",
            "my.smi",
            "--device",
            device,
        )
        assert not none
    for one, other in zip(*files.values(), strict=True):
        positions = [mol.GetConformer().GetPositions() for mol in (one, other)]
        np.testing.assert_allclose(*positions, atol=1e-4)
