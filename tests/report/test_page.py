"""The whole report: self-contained, deterministic, and honest about what is missing, broken or bad."""

import html.parser
import json
import re
import shutil
from pathlib import Path

import plotly.graph_objects as go
import pytest

from groundstate.cli import main
from groundstate.errors import GroundstateError
from groundstate.report.page import write_report


class Reader(html.parser.HTMLParser):
    """Collects what the tests ask about, and checks that elements are closed in order."""

    VOID = frozenset({"meta", "br", "img", "link", "input"})

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.data: list[object] = []
        self.verdicts: list[str] = []
        self.script_type: str | None = None
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        if tag not in self.VOID:
            self.open.append(tag)
        if "id" in attributes:
            self.ids.append(attributes["id"])
        self.targets += [attributes[name] for name in ("src", "href", "action", "data") if name in attributes]
        if tag == "li" and attributes.get("class") in ("pass", "fail", "info"):
            self.verdicts.append(attributes["class"])
        self.script_type = attributes.get("type") if tag == "script" else None

    def handle_endtag(self, tag):
        assert self.open.pop() == tag
        self.script_type = None

    def handle_data(self, data):
        if self.script_type == "application/json":
            self.data.append(json.loads(data))


def render(tmp_path: Path, molecules: list[Path] = (), crystals: list[Path] = ()) -> tuple[str, Reader]:
    write_report(list(molecules), list(crystals), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    return text, Reader(text)


@pytest.fixture(scope="module")
def full(results: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Reader]:
    return render(
        tmp_path_factory.mktemp("page"),
        [results / "molecules/qm9/gaunt-refiner/seed0"],
        [results / "crystals/flla/unimat/seed0"],
    )


def test_no_outside_address(full):
    text, reader = full
    assert set(re.findall(r"https?://([^/\"'\s]+)", text)) <= {"www.w3.org"}  # XML namespaces are only names
    assert not [target for target in reader.targets if "//" in target or target.startswith("data:")]
    assert "default-src 'none'" in text
    assert not re.search(r"@import|url\(", text.split("</style>")[0])


def test_size_and_one_plotly(full):
    text, _ = full
    assert len(text.encode()) < 8_000_000
    assert text.count("plotly.js v") == 1


def test_ids_are_unique_and_links_lead_somewhere(full, results):
    _, reader = full
    assert len(reader.ids) == len(set(reader.ids))
    anchors = [target[1:] for target in reader.targets if target.startswith("#")]
    assert anchors and set(anchors) <= set(reader.ids)


def test_links_to_files_are_relative_and_exist(results):
    write_report([results / "molecules/qm9/gaunt-refiner/seed0"], [], results / "report.html")
    reader = Reader((results / "report.html").read_text(encoding="utf-8"))
    files = [target for target in reader.targets if not target.startswith("#")]
    assert any(name.endswith("predicted.sdf") for name in files)
    assert all(not name.startswith("/") and (results / name).is_file() for name in files)


def test_every_block_links_its_tables_checkpoints_and_cifs(results):
    run = results / "crystals/flla/unimat/seed0"
    write_report([], [run], results / "crystals.html")
    reader = Reader((results / "crystals.html").read_text(encoding="utf-8"))
    files = [target for target in reader.targets if not target.startswith("#")]
    assert all((results / name).exists() for name in files)
    names = {Path(name).relative_to(run.relative_to(results)).as_posix() for name in files}
    assert {"cifs", "cifs/seed0-0000.cif", "stability/reference_phases.csv", "generated.extxyz"} <= names


def test_figures_are_valid_plotly_and_views_have_atoms(full):
    _, reader = full
    figures = [value for value in reader.data if "layout" in value]
    views = [value for value in reader.data if "layers" in value]
    for figure in figures:
        go.Figure(figure)  # plotly refuses unknown or malformed properties
    assert {trace["type"] for figure in figures for trace in figure["data"]} == {
        *("scatter", "bar", "heatmap", "histogram", "scatterternary")
    }
    assert len(views) == 12
    assert all(layer["atoms"] for view in views for layer in view["layers"])
    assert [layer["name"] for layer in views[0]["layers"]] == ["reference", "start", "predicted"]


def test_tables_show_values_intervals_baselines_and_definitions(full):
    text, reader = full
    for expected in ("0.0061", "[0.217, 0.265]", "0.0098", "ETKDGv3 + MMFF94", "D-MAE", "87.5", "cdvae", "Å"):
        assert expected in text
    # two bars and failures of molecules; validity and stability of crystals; what was left out
    assert reader.verdicts == ["pass", "pass", "info", "pass", "fail", "info"]
    assert "no start conformer" in text and "bonds do not fit the SMILES" in text
    assert "0123456789ab" in text and "2026-11-22 03:00:00 UTC" in text


def test_the_same_inputs_give_the_same_bytes(results, tmp_path):
    arguments = (
        [results / "molecules/qm9/gaunt-refiner/seed0"],
        [results / "crystals/flla/unimat/seed0"],
        results / "report.html",
    )
    write_report(*arguments)
    first = arguments[2].read_bytes()
    write_report(*arguments)
    assert arguments[2].read_bytes() == first


def test_missed_bars_are_red_with_a_sentence(tmp_path, make_crystals, make_molecules):
    molecules, crystals = make_molecules(tmp_path), make_crystals(tmp_path, valid=0.5)
    path = molecules / "geometry/summary.json"
    summary = json.loads(path.read_text())
    compared = summary["comparisons"]["mmff"]["metrics"]
    compared["bond_mae"] |= {
        "ours": 0.012,
        "difference": 0.0022,
        "interval": [0.001, 0.003],
        "verdict": "worse",
    }
    compared["c_rmsd"] |= {"ours": 0.5, "difference": 0.114, "interval": [0.1, 0.2], "verdict": "worse"}
    path.write_text(json.dumps(summary))
    text, reader = render(tmp_path, [molecules], [crystals])
    assert reader.verdicts == ["fail", "pass", "fail", "info", "fail", "fail", "info"]
    assert (
        "0.0022 Å (22.4%) above the start that it refines, ETKDGv3 + MMFF94 (0.0098 Å), on the same 40 "
        "molecules; 95 % interval of the difference 0.0010 to 0.0030 Å." in text
    )
    assert "only 50.0% are" in text


def test_several_seeds_show_mean_and_spread(tmp_path, make_molecules):
    runs = [make_molecules(tmp_path, seed=seed) for seed in (0, 1, 2)]
    text, _ = render(tmp_path, runs)
    assert "gaunt-refiner (3 seeds)" in text
    assert re.search(r"0\.245\s*<small>± 0\.004 \[0\.221, 0\.270\]</small>", text)  # of 0.241, 0.245, 0.249
    assert "over 3 seeds" in text


@pytest.mark.parametrize("parts", ["molecules", "crystals"])
def test_one_kind_alone(results, tmp_path, parts):
    folder = {"molecules": "molecules/qm9/gaunt-refiner/seed0", "crystals": "crystals/flla/unimat/seed0"}[
        parts
    ]
    text, reader = render(tmp_path, **{parts: [results / folder]})
    assert ("New crystals" in text) == (parts == "crystals")
    assert ("fail" in reader.verdicts) == (parts == "crystals")  # fewer on the hull than random search


def test_several_data_sets_and_a_set_without_reference(results, tmp_path, make_crystals, make_molecules):
    plain = make_molecules(tmp_path, "my set", reference=False)
    crystals = make_crystals(tmp_path, "perov5", stability=False)
    known = results / "molecules/qm9/gaunt-refiner/seed0"
    text, reader = render(tmp_path, [plain, known], [crystals])
    assert "no geometry score" in text and "no stability score" in text
    assert "molecules-my-set" in reader.ids and "molecules-qm9" in reader.ids
    assert "No reference geometry" in text


def test_a_run_that_is_only_trained(tmp_path, make_molecules):
    run = make_molecules(tmp_path)
    shutil.rmtree(run / "geometry")
    (run / "predicted.sdf").unlink()
    (run / "provenance.json").unlink()
    text, _ = render(tmp_path, [run])
    assert "Training curves" in text and "not recorded" in text


def test_text_from_files_cannot_become_markup(tmp_path, make_molecules):
    run = make_molecules(tmp_path)
    bad = "<script>alert(1)</script>"
    path = run / "geometry/molecules.csv"
    path.write_text(path.read_text().replace("gdb_009", bad))
    path = run / "predicted.sdf"
    path.write_text(path.read_text().replace("gdb_009", bad))
    text, reader = render(tmp_path, [run])
    assert bad not in text and "&lt;script&gt;alert(1)" in text
    assert any(bad in str(value) or "alert" not in str(value) for value in reader.data)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("geometry/summary.json", '{"mae": 0.1, '),
        ("geometry/summary.json", "[1, 2]"),
        ("geometry/molecules.csv", ""),
        ("geometry/molecules.csv", "name,error\na,1\n"),
        ("training.csv", "step,train_loss\n1,half\n"),
        ("provenance.json", "\x00\x01"),
        ("predicted.rejected.csv", ""),
        ("predicted.sdf", "a line that is no molecule"),
    ],
)
def test_a_broken_file_is_named(tmp_path, name, content, make_molecules):
    run = make_molecules(tmp_path)
    (run / name).write_text(content)
    with pytest.raises(GroundstateError, match=re.escape(str(run / name))):
        write_report([run], [], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_a_cut_extxyz_is_named(tmp_path, make_crystals):
    run = make_crystals(tmp_path)
    path = run / "generated.extxyz"
    path.write_text(path.read_text()[:-200])
    with pytest.raises(GroundstateError, match=re.escape(str(path))):
        write_report([], [run], tmp_path / "report.html")


def test_command_line(results, tmp_path, capsys):
    run = str(results / "crystals/flla/unimat/seed0")
    output = str(tmp_path / "deep" / "report.html")
    with pytest.raises(SystemExit) as ended:
        main(["report", "--crystals", run, "--output", output])
    assert ended.value.code == 0
    assert capsys.readouterr().out.strip() == f"report of 1 run written to {output}"
    for arguments, sentence in (
        ([], "no run folder"),
        (["--crystals", run, "--crystals", run], "given twice"),
        (["--molecules", str(tmp_path / "absent")], "no such run folder"),
        (["--molecules", str(tmp_path)], "nothing to report"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["report", *arguments, "--output", output])
        assert ended.value.code == 2
        assert sentence in capsys.readouterr().err
