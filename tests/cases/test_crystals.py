"""Crystals as people have them: every input is right or refused by name, with all others intact."""

import csv
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from ase import Atoms

from groundstate.cli import main
from groundstate.crystals.cif.write import to_cif
from groundstate.crystals.crystal import Crystal, to_record
from groundstate.crystals.dataset.prepare import prepare as prepare_records
from groundstate.crystals.dataset.readers.cif_files import read_cif
from groundstate.crystals.dataset.readers.extxyz import read_extxyz
from groundstate.crystals.dataset.record_file import ids_of_parts, read_record_file, read_splits
from groundstate.crystals.dataset.settings import PrepareCrystals
from groundstate.crystals.models.generate import write_cifs, write_extxyz
from groundstate.crystals.models.load import load_model
from groundstate.crystals.models.requests import parse_request, scarce_elements
from groundstate.crystals.models.settings import TrainCrystals
from groundstate.crystals.models.train import train
from groundstate.crystals.structures import read_structures
from groundstate.errors import GroundstateError
from groundstate.potentials.atoms import to_atoms
from groundstate.records import CRYSTAL_SCHEMA, Rejection

sys.path.insert(0, str(Path(__file__).parent))
import crystal_inputs  # noqa: F401 -- adds the cases
from crystal_cases import CASES, DATA, Case, judge, prepare
from crystal_file_inputs import HEAD
from crystal_file_inputs import row as csv_row

ROWS = Path(__file__).parents[1] / "data/flla_rows.tar.gz"


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_an_input_is_right_or_refused_by_name(case: Case, tmp_path: Path) -> None:
    verdict = judge(case, prepare(case.make(tmp_path), case.form))
    assert verdict in ("right", "refused"), verdict


def test_names_are_counted_once() -> None:
    assert len({case.id for case in CASES}) == len(CASES)


SALT = Crystal("a", np.array([11, 17]), np.array([[0, 0, 0], [0.5, 0.5, 0.5]]), np.eye(3) * 4.1)


@pytest.mark.parametrize("name", ["case", "clash", "long", "slash", "space", "trav"])
def test_ids_come_back_unchanged_and_nothing_is_written_outside(name: str, tmp_path: Path) -> None:
    (crystals, _) = read_structures(DATA / f"cif_ids/{name}.extxyz")
    ids = [one.id for one in crystals]
    made = [SALT._replace(id=one) for one in ids]
    inside = tmp_path / "work/cifs"
    write_cifs(inside, made)
    write_cifs(inside, made)  # its own folder may be replaced
    write_extxyz(tmp_path / "work/all.extxyz", made)
    assert [item.id for item in read_extxyz(tmp_path / "work/all.extxyz")] == ids
    assert sorted(item.id for item in read_cif(inside)) == sorted(ids)
    assert {path.name for path in tmp_path.iterdir()} == {"work"}
    assert {path.name for path in (tmp_path / "work").iterdir()} == {"cifs", "all.extxyz"}
    files = [path.name for path in inside.iterdir()]
    assert len({file.lower() for file in files}) == len(ids) + 1 and max(map(len, files)) < 120


@pytest.mark.parametrize(
    "name", ["/etc/passwd", "a\\b", "CON", "..", "x" * 5000, "ü", "a=b", 'a "q" b', "-rf", "7", "T"]
)
def test_odd_ids_come_back_from_cif_and_extxyz(name: str, tmp_path: Path) -> None:
    made = [SALT._replace(id=name), SALT._replace(id="b")]
    write_cifs(tmp_path / "cifs", made)
    write_extxyz(tmp_path / "a.extxyz", made)
    assert {item.id for item in read_cif(tmp_path / "cifs")} == {name, "b"}
    assert [item.id for item in read_extxyz(tmp_path / "a.extxyz")] == [name, "b"]


@pytest.mark.parametrize("name", ["", "a\nb", " a", "a\x00b", "a\u2028b"])
def test_ids_that_fit_no_line_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(GroundstateError, match="the id"):
        write_extxyz(tmp_path / "a.extxyz", [SALT._replace(id=name)])


@pytest.mark.parametrize(
    "lattice",
    [
        [[2.82, 0, 2.82], [0, 2.82, 2.82], [2.82, 2.82, 0]],
        [[0, 4.2, 0], [4.2, 0, 0], [0, 0, 4.2]],
        [[-4.2, 0, 0], [0, -4.2, 0], [0, 0, -4.2]],
        [[4.2, 0, 0], [1, 4.5, 0], [0.5, 0.7, -5]],
    ],
)
def test_cells_are_right_handed_before_any_potential(lattice: list) -> None:
    frac = np.array([[0, 0, 0], [0.5, 0.45, 0.4]])
    left = Crystal("left", np.array([11, 17]), frac, np.array(lattice))
    from groundstate.crystals.structures import to_structure

    atoms = to_atoms(to_structure(left))
    assert np.linalg.det(atoms.cell.array) > 0
    plain = Atoms(left.atomic_numbers, scaled_positions=frac, cell=lattice, pbc=True)
    np.testing.assert_allclose(atoms.positions, plain.positions)  # the same crystal, not its mirror image
    np.testing.assert_allclose(atoms.get_all_distances(mic=True), plain.get_all_distances(mic=True))
    (item,) = read_cif(_written(to_cif(left)))
    mirrored = Atoms(item.atomic_numbers, scaled_positions=item.frac_coords, cell=item.lattice, pbc=True)
    np.testing.assert_allclose(
        mirrored.get_all_distances(mic=True), plain.get_all_distances(mic=True), atol=1e-6
    )


def _written(text: str) -> Path:
    import tempfile

    path = Path(tempfile.mkdtemp()) / "a.cif"
    path.write_text(text)
    return path


# ---- rows of a record file
GOOD = to_record(SALT)
BAD_ROWS: dict[str, tuple[dict, str]] = {
    "null id": ({"id": None}, "no id"),
    "empty id": ({"id": ""}, "no id"),
    "id with a line break": ({"id": "a\nb"}, "line break"),
    "null numbers": ({"atomic_numbers": None}, "empty or no list"),
    "no atoms": ({"atomic_numbers": [], "frac_coords": []}, "empty"),
    "number -6": ({"atomic_numbers": [-6, 17]}, "-6 is no element"),
    "number 0": ({"atomic_numbers": [0, 17]}, "0 is no element"),
    "number 119": ({"atomic_numbers": [119, 17]}, "119 is no element"),
    "number 200": ({"atomic_numbers": [200, 17]}, "200 is no element"),
    "number 32000": ({"atomic_numbers": [32000, 17]}, "32000 is no element"),
    "null number": ({"atomic_numbers": [None, 17]}, "None is no element"),
    "one number too few": ({"atomic_numbers": [11]}, "1 atomic numbers and 2 coordinates"),
    "one number too many": ({"atomic_numbers": [11, 17, 17]}, "3 atomic numbers and 2"),
    "null coordinates": ({"frac_coords": None}, "frac_coords is null"),
    "null coordinate row": ({"frac_coords": [None, [0, 0, 0]]}, "not three numbers"),
    "null coordinate": ({"frac_coords": [[None, 0, 0], [0.5, 0.5, 0.5]]}, "not a finite number"),
    "nan coordinate": ({"frac_coords": [[np.nan, 0, 0], [0.5, 0.5, 0.5]]}, "not a finite number"),
    "inf coordinate": ({"frac_coords": [[np.inf, 0, 0], [0.5, 0.5, 0.5]]}, "not a finite number"),
    "null lattice": ({"lattice": None}, "lattice is null"),
    "no lattice rows": ({"lattice": []}, "0 rows, not 3"),
    "two lattice rows": ({"lattice": [[4, 0, 0], [0, 4, 0]]}, "2 rows, not 3"),
    "four lattice rows": ({"lattice": [[4, 0, 0]] * 4}, "4 rows, not 3"),
    "null lattice row": ({"lattice": [[4, 0, 0], None, [0, 0, 4]]}, "not three numbers"),
    "nan lattice": ({"lattice": [[4, 0, 0], [0, np.nan, 0], [0, 0, 4]]}, "not a finite number"),
    "flat lattice": ({"lattice": [[4, 0, 0], [0, 4, 0], [4, 4, 0]]}, "volume"),
    "zero lattice": ({"lattice": [[0, 0, 0]] * 3}, "volume"),
    "the id twice": ({"id": "good-0"}, "occurs twice"),
}


def _file(path: Path, rows: list[dict], schema: pa.Schema = CRYSTAL_SCHEMA) -> Path:
    pq.write_table(pa.Table.from_pylist(rows, schema=schema), path)
    return path


@pytest.mark.parametrize("kind", BAD_ROWS)
def test_a_bad_row_of_a_record_file_costs_itself_alone(kind: str, tmp_path: Path) -> None:
    change, reason = BAD_ROWS[kind]
    rows = [GOOD | {"id": "good-0"}, GOOD | {"id": "bad"} | change, GOOD | {"id": "good-2"}]
    crystals, rejections = read_structures(_file(tmp_path / "r.parquet", rows))
    assert [crystal.id for crystal in crystals] == ["good-0", "good-2"]
    (rejection,) = rejections
    assert reason in rejection.reason


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("id", pa.int64()),
        ("atomic_numbers", pa.list_(pa.string())),
        ("atomic_numbers", pa.int64()),
        ("frac_coords", pa.list_(pa.float64())),
        ("frac_coords", pa.list_(pa.list_(pa.float64()))),
        ("lattice", pa.string()),
        ("properties", pa.string()),
        ("properties", pa.map_(pa.string(), pa.string())),
    ],
)
def test_columns_of_another_type_are_refused_row_by_row(name: str, kind: pa.DataType, tmp_path: Path) -> None:
    odd = {
        pa.int64(): 1,
        pa.string(): "x",
        pa.list_(pa.string()): ["Na", "Cl"],
        pa.list_(pa.float64()): [0.0, 0.5],
        pa.list_(pa.list_(pa.float64())): [[0.0, 0.0], [0.5]],
        pa.map_(pa.string(), pa.string()): [("gap", "wide")],
    }[kind]
    schema = pa.schema([(one.name, kind if one.name == name else one.type) for one in CRYSTAL_SCHEMA])
    items = list(read_record_file(_file(tmp_path / "r.parquet", [GOOD | {name: odd}], schema)))
    assert [isinstance(item, Rejection) for item in items] == [True]


def test_files_that_are_no_records_are_refused(tmp_path: Path) -> None:
    short = pa.schema([field for field in CRYSTAL_SCHEMA if field.name != "lattice"])
    row = {key: value for key, value in GOOD.items() if key != "lattice"}
    (tmp_path / "text.parquet").write_text("hello")
    whole = _file(tmp_path / "whole.parquet", [GOOD]).read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[:-20])
    for path, reason in (
        (_file(tmp_path / "short.parquet", [row], short), "no column lattice; it has id"),
        (tmp_path / "text.parquet", "not a readable record file"),
        (tmp_path / "cut.parquet", "not a readable record file"),
        (tmp_path / "absent.parquet", "no such file"),
    ):
        with pytest.raises(GroundstateError, match=reason):
            list(read_record_file(path))


SPLITS = {
    "unknown part": ("id,random\na,train\nb,tset\n", "line 3: 'b' is in the part 'tset'"),
    "cut row": ("id,random\na,train\nb", "line 3: 'b' is in the part None"),
    "empty id": ("id,random\na,train\n,test\n", "line 3: the id is empty"),
    "id twice": ("id,random\na,train\na,test\n", "line 3: 'a' stands twice"),
    "no column": ("id,scaffold\na,train\n", "no column 'random'"),
    "empty": ("", "no column 'id'"),
    "unknown id": ("id,random\na,train\nzz,train\n", "'zz' is not in records"),
    "no such part": ("id,random\na,validation\n", "the train part is empty"),
}


@pytest.mark.parametrize("kind", SPLITS)
def test_splits_that_do_not_fit_are_refused(kind: str, tmp_path: Path) -> None:
    text, reason = SPLITS[kind]
    (tmp_path / "splits.csv").write_text(text)
    with pytest.raises(GroundstateError, match=reason):
        ids_of_parts(tmp_path / "splits.csv", ["train"], {"a", "b"}, "records")


def test_splits_with_a_byte_order_mark_are_read(tmp_path: Path) -> None:
    (tmp_path / "splits.csv").write_text("id,random\r\na,train\r\n", encoding="utf-8-sig")
    assert read_splits(tmp_path / "splits.csv") == {"a": "train"}


# ---- generation
@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A few steps of training, with one row of the records spoilt."""
    folder = tmp_path_factory.mktemp("run")
    prepare_records([ROWS], "flla", PrepareCrystals(), folder)
    rows = pq.read_table(folder / "records.parquet").to_pylist()
    with (folder / "splits.csv").open(newline="") as handle:
        spoilt = next(row["id"] for row in csv.DictReader(handle) if row["random"] == "train")
    for row in rows:
        if row["id"] == spoilt:
            row["atomic_numbers"][0] = 200
    _file(folder / "records.parquet", rows)
    settings = TrainCrystals.model_validate(
        {
            "compact": {"width": 32, "layers": 1, "composition_width": 32, "composition_layers": 1},
            "training": {"max_steps": 2, "batch_size": 4, "checkpoint_every": 2},
        }
    )
    train(folder / "records.parquet", folder / "splits.csv", "unimat-compact", settings, 0, folder / "model")
    with (folder / "model/rejected.csv").open(newline="") as handle:
        assert [row["id"] for row in csv.DictReader(handle)] == [spoilt]
    return folder / "model/best.ckpt"


def run(capsys: pytest.CaptureFixture, *arguments: object) -> tuple[int, str]:
    """Status and error text of ``generate crystals``."""
    try:
        main(["generate", "crystals", *map(str, arguments)])
        code = 0
    except SystemExit as end:
        code = int(end.code or 0)
    return code, capsys.readouterr().err


def test_a_folder_that_is_not_ours_is_never_replaced(checkpoint: Path, tmp_path: Path, capsys) -> None:
    mine = tmp_path / "mydocs"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work")
    common = ("--checkpoint", checkpoint, "--num", 2, "--steps", 2, "--output", tmp_path / "o.extxyz")
    code, error = run(capsys, *common, "--cif-dir", mine)
    assert code == 2 and "mydocs: is there, and groundstate did not write it" in error
    assert (mine / "thesis.txt").read_text() == "years of work"
    assert run(capsys, *common, "--cif-dir", tmp_path / "new")[0] == 0
    assert run(capsys, *common, "--cif-dir", tmp_path / "new")[0] == 0
    (tmp_path / "new/notes.txt").write_text("mine")
    code, error = run(capsys, *common, "--cif-dir", tmp_path / "new")
    assert code == 2 and "did not write it (or it was changed since)" in error
    (tmp_path / "file").write_text("x")
    code, error = run(capsys, *common, "--cif-dir", tmp_path / "file")
    assert code == 2 and "did not write it" in error


def test_an_output_is_never_an_input(checkpoint: Path, tmp_path: Path, capsys) -> None:
    copy = tmp_path / "best.ckpt"
    copy.write_bytes(checkpoint.read_bytes())
    (tmp_path / "link").symlink_to(copy)
    for output in (copy, tmp_path / "link", tmp_path / "." / "best.ckpt"):
        code, error = run(capsys, "--checkpoint", copy, "--output", output)
        assert code == 2 and "is an input of this command" in error
    (tmp_path / "c").mkdir()
    code, error = run(
        capsys, "--checkpoint", copy, "--output", tmp_path / "c/o.extxyz", "--cif-dir", tmp_path / "c"
    )
    assert code == 2 and "name two that lie apart" in error
    code, error = run(capsys, "--checkpoint", copy, "--output", tmp_path / "o.extxyz", "--cif-dir", tmp_path)
    assert code == 2
    assert copy.read_bytes() == checkpoint.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--formula", "SrTi03"], "did you mean SrTiO3"),
        (["--formula", "C0"], "did you mean CO"),
        (["--formula", "La0.7Sr0.3MnO3"], "did you mean La7Sr3Mn10O30"),
        (["--device", "tpu"], "'tpu'"),
        (["--guidance", "nan"], "--guidance|Invalid"),
        (["--guidance", "inf"], "guidance"),
        (["--condition", "gap=inf"], "must be finite"),
        (["--condition", "gap=nan"], "must be finite"),
        (["--condition", "gap=wide"], "is not name=number"),
        (["--seed", "-1"], "seed"),
        (["--seed", str(2**70)], "seed"),
        (["--threads", "100000"], "threads"),
        (["--steps", str(10**9)], "steps"),
        (["--num", str(10**12)], "num"),
        (["--num", "0"], "num"),
        (["--atoms", "1-99999999999999999999"], "--atoms"),
        (["--batch-size", "0"], "batch-size"),
    ],
)
def test_options_out_of_bounds_are_refused(
    checkpoint: Path, tmp_path: Path, capsys, arguments: list, reason: str
) -> None:
    code, error = run(capsys, "--checkpoint", checkpoint, "--output", tmp_path / "o.xyz", *arguments)
    assert code == 2
    assert any(word in error for word in reason.split("|")), error
    assert not (tmp_path / "o.xyz").exists()


@pytest.mark.parametrize("name", ["o.cif", "o", "o.extxyz.gz"])
def test_no_other_format_than_extended_xyz_is_written(
    checkpoint: Path, tmp_path: Path, capsys, name: str
) -> None:
    code, error = run(capsys, "--checkpoint", checkpoint, "--num", 1, "--output", tmp_path / name)
    assert code == 2 and f"{name}: extended XYZ is written" in error and "--cif-dir" in error
    assert not (tmp_path / name).exists()


def test_scarce_chemistry_is_warned_of(checkpoint: Path, tmp_path: Path, capsys) -> None:
    common = ("--checkpoint", checkpoint, "--num", 1, "--steps", 2, "--output", tmp_path / "o.extxyz")
    code, error = run(capsys, *common, "--formula", "Ne2Xe")
    assert code == 0
    assert "warning: 0 of the training crystals have Ne" in error
    counts = load_model(checkpoint, torch.device("cpu")).config["counts"]
    assert scarce_elements(parse_request("O2", None, None), {"counts": counts | {"8": 10}}) == []
    assert scarce_elements(parse_request(None, "O-Xe", None), {"counts": {"8": 9}}) == [("O", 9), ("Xe", 0)]


def test_compositions_of_a_file_keep_what_can_be_read(checkpoint: Path, tmp_path: Path, capsys) -> None:
    write_extxyz(tmp_path / "in.extxyz", [SALT])
    with (tmp_path / "in.extxyz").open("a") as handle:
        handle.write('2\npbc="F F F" id=mol\nH 0 0 0\nH 0 0 0.7\n')
    common = ("--checkpoint", checkpoint, "--steps", 2, "--num", 1, "--output", tmp_path / "o.extxyz")
    code, _ = run(capsys, *common, "--compositions", tmp_path / "in.extxyz")
    assert code == 0
    with (tmp_path / "o.extxyz.rejected.csv").open(newline="") as handle:
        assert [row["id"] for row in csv.DictReader(handle)] == ["mol"]
    assert [item.id for item in read_extxyz(tmp_path / "o.extxyz")] == ["a_0"]


def test_a_damaged_batch_of_an_interrupted_run_is_drawn_again(
    checkpoint: Path, tmp_path: Path, capsys
) -> None:
    from groundstate.crystals.models.base import Request
    from groundstate.crystals.models.generate import generate

    model = load_model(checkpoint, torch.device("cpu"))
    work = tmp_path / "work"
    whole = generate(model, Request(), 8, 0, 4, 2, work)
    for number, path in enumerate(sorted(work.glob("*.npz"))):
        data = bytearray(path.read_bytes())
        path.write_bytes(data[:40] if number % 2 else data[: len(data) // 2] + data[len(data) // 2 + 7 :])
    again = generate(model, Request(), 8, 0, 4, 2, work)
    assert "set aside, its crystals are drawn again" in capsys.readouterr().err
    for one, other in zip(whole, again, strict=True):
        np.testing.assert_array_equal(one.frac_coords, other.frac_coords)


def test_prepare_writes_over_no_input(tmp_path: Path, capsys) -> None:
    (tmp_path / "rejected.csv").write_text(HEAD + csv_row("a") + csv_row("b") + csv_row("c"))
    with pytest.raises(SystemExit):
        main(
            [
                "prepare",
                "crystals",
                "--input",
                f"{tmp_path}/rejected.csv",
                "--format",
                "csv",
                "--output-dir",
                f"{tmp_path}",
            ]
        )
    assert "is an input of this command" in capsys.readouterr().err
    assert (tmp_path / "rejected.csv").read_text() == HEAD + csv_row("a") + csv_row("b") + csv_row("c")
