"""Generation from a checkpoint: the same sample however it is asked for, and every wish obeyed."""

import os
import subprocess
import sys
from pathlib import Path

import ase.io
import numpy as np
import pytest
import torch

import groundstate.crystals.models.generate as generation
from groundstate.cli.generate_crystals import command
from groundstate.crystals.models.base import Request
from groundstate.crystals.models.generate import generate, work_folder
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.requests import parse_request
from groundstate.errors import GroundstateError
from groundstate.records import CRYSTAL_SCHEMA, read_records, read_split
from groundstate.training.checkpoints import save_checkpoint

SETTINGS = (
    '{"compact": {"width": 32, "layers": 1, "composition_width": 32, "composition_layers": 1,'
    ' "sampling_steps": 5}, "conditions": ["e_above_hull"],'
    ' "training": {"max_steps": 12, "batch_size": 8, "checkpoint_every": 6}}'
)
ROWS = Path(__file__).parents[2] / "data/flla_rows.tar.gz"


def groundstate(*arguments: object) -> subprocess.CompletedProcess:
    command = [sys.executable, "-c", "from groundstate.cli import main; main()", *map(str, arguments)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.run(command, text=True, capture_output=True, env=environment)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few steps of training through the command line, on the committed rows."""
    folder = tmp_path_factory.mktemp("run")
    done = groundstate(
        "prepare", "crystals", "--input", ROWS, "--format", "flla", "--output-dir", folder / "prepared"
    )
    assert done.returncode == 0, done.stderr
    done = groundstate(
        *("train", "crystals", "--records", folder / "prepared/records.parquet"),
        *("--splits", folder / "prepared/splits.csv", "--model", "unimat-compact"),
        *("--settings", SETTINGS, "--seed", 1, "--output-dir", folder / "model"),
    )
    assert done.returncode == 0, done.stderr
    assert (folder / "model/training.csv").read_text().count("\n") == 3
    return folder / "model/best.ckpt"


@pytest.fixture(scope="module")
def model(checkpoint: Path):
    torch.set_num_threads(1)
    return load_model(checkpoint, torch.device("cpu"))


def identical(one: list, other: list) -> None:
    for first, second in zip(one, other, strict=True):
        assert first.id == second.id
        np.testing.assert_array_equal(first.atomic_numbers, second.atomic_numbers)
        np.testing.assert_array_equal(first.frac_coords, second.frac_coords)
        np.testing.assert_array_equal(first.lattice, second.lattice)


def test_samples_are_identical_whatever_the_batch_size_and_the_number(model) -> None:
    whole = generate(model, Request(), 40, 0, 32)
    for size in (1, 7, 100):
        identical(generate(model, Request(), 40, 0, size), whole)
    identical(generate(model, Request(), 11, 0, 4), whole[:11])
    other = generate(model, Request(), 11, 1, 4)
    assert any(len(a.frac_coords) != len(b.frac_coords) for a, b in zip(other, whole, strict=False))


def test_interrupted_sampling_resumes_to_the_identical_crystals(model, tmp_path: Path, monkeypatch) -> None:
    whole = generate(model, Request(), 24, 3, 4)
    real, calls = type(model).sample, []

    def stops(self, batch, *rest):
        calls.append(batch.key)
        if len(calls) == 4:
            raise KeyboardInterrupt
        return real(self, batch, *rest)

    monkeypatch.setattr(type(model), "sample", stops)
    with pytest.raises(KeyboardInterrupt):
        generate(model, Request(), 24, 3, 4, work=tmp_path / "work")
    kept = len(list((tmp_path / "work").iterdir()))
    assert kept == 3
    calls[:] = [""] * 10
    identical(generate(model, Request(), 24, 3, 4, work=tmp_path / "work"), whole)
    assert len(calls) - 10 == len(set(calls)) - 1 and not set(calls[:3]) - {""}


def test_the_best_of_several_is_the_one_that_is_denoised_best(model) -> None:
    chosen = generate(model, Request(best_of=4), 6, 0, 5)
    identical(generate(model, Request(best_of=4), 3, 0, 100), chosen[:3])
    formulas = [formula for formula in model.compositions(Request(), 6, 0) for _ in range(4)]
    drawn = generate(model, Request(formulas=tuple(formulas)), 24, 0, 32)
    for index, crystal in enumerate(chosen):
        group = drawn[4 * index : 4 * index + 4]
        errors = model.denoising_error(group)
        best = group[int(errors.argmin())]
        np.testing.assert_array_equal(crystal.frac_coords, best.frac_coords)
        assert errors.min() < errors.max()


def test_a_sample_does_not_depend_on_the_number_where_compositions_come_first(model, monkeypatch) -> None:
    rows, real = {}, type(model).sample

    def notes(self, batch, *rest):
        rows.update({(count, index): batch.size for index in batch.indices})
        return real(self, batch, *rest)

    monkeypatch.setattr(type(model), "sample", notes)
    for request, find in ((Request(best_of=2), None), (Request(noise=0.5), lambda *_: iter(()))):
        found = {}
        rows.clear()
        for count in (2, 30):
            found[count] = generate(model, request, count, 0, 32, find=find)
        identical(found[2], found[30][:2])
        assert all(rows[30, index] == size for (number, index), size in rows.items() if number == 2)


def test_errors_of_many_crystals_are_those_of_each(model) -> None:
    crystals = generate(model, Request(), 10, 0, 32) * 7
    errors = model.denoising_error(crystals)
    np.testing.assert_allclose(errors, np.tile(model.denoising_error(crystals[:10]), 7), rtol=1e-4)
    assert len(model.denoising_error([])) == 0


def test_a_thousand_samples_obey_elements_and_range(model) -> None:
    request = parse_request(None, "Li-Fe-P-O", "3-9")
    counts = torch.cat([batch.payload["counts"] for batch in model.plan(request, 1000, 0)])
    assert len(counts) == 1000
    totals = counts.sum(-1)
    assert int(totals.min()) >= 3 and int(totals.max()) <= 9
    allowed = torch.zeros(119, dtype=torch.bool)
    allowed[[3, 26, 15, 8]] = True
    assert int(counts[:, ~allowed].sum()) == 0
    for crystal in generate(model, request, 12, 0, 32):
        assert set(crystal.atomic_numbers.tolist()) <= {3, 26, 15, 8}
    formulas = parse_request("SrTiO3", None, None)
    counts = torch.cat([batch.payload["counts"] for batch in model.plan(formulas, 1000, 0)])
    assert bool((counts == counts[0]).all()) and counts.sum(-1)[0] == 5
    assert counts[0, [38, 22, 8]].tolist() == [1, 1, 3]


def test_a_formula_is_exact(model) -> None:
    crystals = generate(model, parse_request("SrTiO3", None, None), 9, 0, 4)
    for crystal in crystals:
        assert sorted(crystal.atomic_numbers) == [8, 8, 8, 22, 38]
        assert np.all(np.isfinite(crystal.frac_coords)) and np.linalg.det(crystal.lattice) > 0
    assert len({crystal.frac_coords.tobytes() for crystal in crystals}) == 9


def test_conditions_change_the_samples_and_unknown_ones_are_refused(model) -> None:
    free = generate(model, Request(), 8, 0, 8)
    wanted = generate(model, Request(conditions={"e_above_hull": 5.0}, guidance=3.0), 8, 0, 8)
    assert any(
        a.atomic_numbers.tolist() != b.atomic_numbers.tolist() for a, b in zip(free, wanted, strict=True)
    )
    with pytest.raises(GroundstateError, match="trained with: e_above_hull"):
        generate(model, Request(conditions={"band_gap": 1.0}), 1, 0, 1)


def test_the_command_writes_extxyz_and_cifs_with_the_same_ids(checkpoint: Path, tmp_path: Path) -> None:
    alone = tmp_path / "alone.ckpt"
    alone.write_bytes(checkpoint.read_bytes())
    output = tmp_path / "out.extxyz"
    done = groundstate(
        *("generate", "crystals", "--checkpoint", alone, "--formula", "SrTiO3", "--num", 5, "--seed", 2),
        *("--batch-size", 2, "--output", output, "--cif-dir", tmp_path / "cifs"),
    )
    assert done.returncode == 0, done.stderr
    assert "5/5" in done.stderr
    frames = ase.io.read(output, ":")
    assert [frame.info["id"] for frame in frames] == [f"seed2-{i:05d}" for i in range(5)]
    assert sorted(path.stem for path in (tmp_path / "cifs").glob("*.cif")) == [f.info["id"] for f in frames]
    assert all(frame.get_chemical_formula("hill") == "O3SrTi" for frame in frames)
    assert sorted(path.name for path in tmp_path.glob("[!.]*")) == ["alone.ckpt", "cifs", "out.extxyz"]


def test_compositions_of_a_file_are_exact_and_named_after_it(checkpoint: Path, tmp_path: Path) -> None:
    prepared = checkpoint.parents[1] / "prepared"
    output = tmp_path / "predicted.extxyz"
    command(
        output, checkpoint, num=2, compositions=prepared / "records.parquet", splits=prepared / "splits.csv"
    )
    truth = {row["id"]: row for row in read_records(prepared / "records.parquet", CRYSTAL_SCHEMA)}
    wanted = read_split(prepared / "splits.csv", "random", "test")
    frames = ase.io.read(output, ":")
    names = [f"{name}_{sample}" for name in truth if name in wanted for sample in range(2)]
    assert [frame.info["id"] for frame in frames] == names
    for frame in frames:
        reference = truth[frame.info["id"].rpartition("_")[0]]
        assert sorted(frame.numbers) == sorted(reference["atomic_numbers"])
    assert not np.allclose(frames[0].positions, frames[1].positions)
    with pytest.raises(GroundstateError, match="fixes all atoms"):
        command(output, checkpoint, compositions=prepared / "records.parquet", atoms="3")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--formula", "SrTiO99"], "99 O"),
        (["--formula", "Zz2"], "Zz"),
        (["--elements", "Li-Qq"], "Qq"),
        (["--atoms", "1-200"], "at most"),
        (["--condition", "band_gap=1"], "no condition 'band_gap'"),
    ],
)
def test_impossible_requests_end_in_one_sentence(checkpoint: Path, arguments: list, reason: str) -> None:
    from groundstate.crystals.models.requests import parse_conditions

    options = dict(zip(arguments[::2], arguments[1::2], strict=True))
    conditions = parse_conditions([options["--condition"]] if "--condition" in options else [])
    with pytest.raises(GroundstateError, match=reason):
        request = parse_request(
            options.get("--formula"), options.get("--elements"), options.get("--atoms"), conditions
        )
        generate(load_model(checkpoint, torch.device("cpu")), request, 1, 0, 1)


def test_bad_checkpoints_end_in_one_sentence(checkpoint: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.ckpt"
    cut.write_bytes(checkpoint.read_bytes()[:2000])
    done = groundstate("generate", "crystals", "--checkpoint", cut, "--output", tmp_path / "o.extxyz")
    assert done.returncode == 2
    assert done.stderr.startswith("error: ") and done.stderr.count("\n") == 1
    content = torch.load(checkpoint, weights_only=True)
    for old, new, reason in (
        ('"unimat-compact"', '"unimat-huge"', "unimat-huge', which this version does not have"),
        ('"depth": ', '"deep": ', "config: depth: Field required"),
        ('"width": 32', '"width": 64', "other shapes than its config says"),
        ('"width": 32', '"width": 320000', "config: compact.width: .* less than or equal to 4096"),
        ('"max_atoms": ', '"max_atoms": 99999999', "config: max_atoms: .* less than or equal to 1000"),
        ('"condition_dropout": 0.2', '"condition_dropout": NaN', "config: condition_dropout: "),
        ('"crystals"', '"geometry"', "geometry"),
    ):
        changed = dict(content)
        assert old in content["groundstate"]["config"]
        changed["groundstate"] = {
            **content["groundstate"],
            "config": content["groundstate"]["config"].replace(old, new),
        }
        save_checkpoint(changed, tmp_path / "other.ckpt")
        with pytest.raises(GroundstateError, match=reason):
            load_model(tmp_path / "other.ckpt", torch.device("cpu"))


def test_work_folder_depends_on_the_wish(checkpoint: Path, tmp_path: Path) -> None:
    base = work_folder(tmp_path / "o", checkpoint, parse_request(None, "Li-O", None), 5, 0, None)
    assert base == work_folder(tmp_path / "o", checkpoint, parse_request(None, "O-Li", None), 5, 0, None)
    assert base != work_folder(tmp_path / "o", checkpoint, parse_request(None, "Li-S", None), 5, 0, None)
    assert base != work_folder(tmp_path / "o", checkpoint, parse_request(None, "Li-O", None), 5, 1, None)
    assert generation.sample_id(3, 7) == "seed3-00007"


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_crystals(checkpoint: Path, model) -> None:
    request = Request()
    there = generate(load_model(checkpoint, torch.device("cuda")), request, 40, 0, 8)
    for one, other in zip(generate(model, request, 40, 0, 8), there, strict=True):
        np.testing.assert_array_equal(other.atomic_numbers, one.atomic_numbers)
        np.testing.assert_allclose(other.frac_coords, one.frac_coords, atol=1e-4)
        np.testing.assert_allclose(other.lattice, one.lattice, atol=1e-4)
