"""Files, options and limits: what people type by mistake is refused in one sentence, and nothing is lost.

``python -m pytest tests/cases/test_faults.py`` runs every case.
"""

import contextlib
import io
import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import torch
import yaml

from groundstate.cli import main
from groundstate.cli.guard import WRITES
from groundstate.config_reading import asked_for, complete, read_config
from groundstate.config_texts import ROOT
from groundstate.errors import GroundstateError

SALT = """2
Lattice="4 0 0 0 4 0 0 0 4" Properties=species:S:1:pos:R:3 id="salt" pbc="T T T"
Na 0 0 0
Cl 2 2 2
"""
VALIDITY = ("score", "validity", "--structures", "salt.extxyz", "--output")
COPY = ("fetch", "--kind", "path", "--location", "salt.extxyz", "--output")
GENERATE = ("generate", "crystals", "--checkpoint", "best.ckpt", "--output", "new.extxyz")
NOT_OURS = "is there, and groundstate did not write it"
AN_INPUT = "is an input of this command and would be replaced"


@dataclass(frozen=True)
class Case:
    """A command line in a folder with files of a user's; what refuses it, or "" where it works."""

    kind: str
    name: str
    arguments: tuple[str, ...]
    sentence: str
    prepare: Callable[[], object] = lambda: None

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}"


def link() -> None:
    Path("link.extxyz").symlink_to("salt.extxyz")


CASES = [
    Case("own files", "a file of the user's", (*COPY, "notes.txt"), NOT_OURS),
    Case(
        "own files",
        "a dangling link",
        (*COPY, "dangling"),
        NOT_OURS,
        lambda: Path("dangling").symlink_to("no"),
    ),
    Case("own files", "a device", (*COPY, "/dev/null"), NOT_OURS),
    Case("own files", "a table in the output folder", (*VALIDITY, "tables"), NOT_OURS),
    Case("own files", "a folder for a file", (*COPY, "mydocs"), f"{NOT_OURS}|is a folder"),
    Case(
        "own files", "a file for a folder", (*VALIDITY, "notes.txt"), f"{NOT_OURS}|is a file|folder is wanted"
    ),
    Case(
        "own files",
        "a test.sdf of the user's, before any work",
        ("prepare", "molecules", "--input", "absent.sdf", "--output-dir", "mydocs"),
        f"mydocs/test.sdf: {NOT_OURS}",
        lambda: Path("mydocs/test.sdf").write_text("precious"),
    ),
    Case("options", "no number", (*VALIDITY, "out", "--seed", "1e3"), "error: Invalid value for '--seed'"),
    Case("options", "none such", (*VALIDITY, "out", "--sed", "1"), "error: No such option: --sed"),
    Case("options", "one is missing", VALIDITY[:-1], "error: Missing option '--output'; see groundstate"),
    Case("options", "no such command", ("score", "all"), "error: No such command 'all'; see groundstate"),
    Case("output is input", "same name", (*COPY, "salt.extxyz"), AN_INPUT),
    Case("output is input", "another way to the same", (*COPY, "mydocs/../salt.extxyz"), AN_INPUT),
    Case("output is input", "a link", (*COPY, "link.extxyz"), AN_INPUT, link),
    Case(
        "output is input",
        "a baseline",
        (*VALIDITY, "tables", "--baseline", "x=tables/crystals.csv"),
        f"{AN_INPUT}|{NOT_OURS}|no column cif",
    ),
    Case("output is input", "the checkpoint", (*GENERATE[:-1], "best.ckpt"), AN_INPUT),
    Case("output is input", "a folder of CIFs with documents", (*GENERATE, "--cif-dir", "mydocs"), "mydocs"),
    Case(
        "options",
        "a device",
        (*GENERATE, "--device", "tpu"),
        "--device: 'tpu' is not one of auto, cpu, cuda",
    ),
    Case("options", "no device", (*GENERATE, "--device", ""), "--device: '' is not one of"),
    Case(
        "options",
        "guidance nan",
        (*GENERATE, "--guidance", "nan"),
        "guidance.*(finite|greater than or equal to 0)",
    ),
    Case("options", "guidance inf", (*GENERATE, "--guidance", "inf"), "guidance.*(finite|less than)"),
    Case("options", "guidance 1e400", (*GENERATE, "--guidance", "1e400"), "guidance.*(finite|less than)"),
    Case(
        "options", "threads", (*GENERATE, "--threads", "100000"), "threads: 100000 is not between 1 and 1024"
    ),
    Case("options", "batch", (*GENERATE, "--batch-size", "99999999999"), "batch-size.*not at most"),
    Case("options", "seed", (*VALIDITY, "out", "--seed", "-1"), "seed.*(greater than|range|not between)"),
    Case(
        "options",
        "a seed of 70 bits",
        (*VALIDITY, "out", "--seed", str(2**70)),
        "seed.*(less than|range|not between)",
    ),
    Case(
        "options",
        "the same baseline twice",
        (*VALIDITY, "out", *("--baseline", "a=salt.extxyz") * 2),
        "twice",
    ),
    Case(
        "names",
        "a baseline that climbs",
        (*VALIDITY, "out", "--baseline", "x/../../../y=salt.extxyz"),
        "baseline",
    ),
    Case(
        "names",
        "a baseline with a line break",
        (*VALIDITY, "out", "--baseline", "a\nb=salt.extxyz"),
        "baseline",
    ),
    Case("names", "a baseline without name", (*VALIDITY, "out", "--baseline", "=salt.extxyz"), "NAME=FILE"),
    Case("no traceback", "an output below a file", (*COPY, "salt.extxyz/x"), "is a file, a folder is wanted"),
    Case("no traceback", "a name of 300 characters", (*COPY, "x" * 300), "too long"),
    Case(
        "no traceback",
        "a link to itself",
        (*COPY, "loop/x"),
        "link|loop",
        lambda: Path("loop").symlink_to("loop"),
    ),
    Case("works", "a new file", (*COPY, "new.extxyz"), ""),
    Case("works", "a new folder", (*VALIDITY, "out"), ""),
    Case("works", "a folder with other documents", (*VALIDITY, "mydocs"), ""),
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as a user has it."""
    monkeypatch.chdir(tmp_path)
    Path("salt.extxyz").write_text(SALT)
    Path("notes.txt").write_text("precious")
    for name in ("mydocs/thesis.txt", "tables/crystals.csv", "tables/summary.json"):
        Path(name).parent.mkdir(exist_ok=True)
        Path(name).write_text("precious")
    torch.save({"weights": 1}, "best.ckpt")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize("case", CASES, ids=[case.id for case in CASES])
def test_a_command_does_what_is_meant_or_says_why_not(case: Case, folder: Path) -> None:
    case.prepare()
    before = contents(folder)
    errors = io.StringIO()
    status: object = 0
    with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(list(case.arguments))
        except SystemExit as end:
            status = end.code or 0
    after = contents(folder)
    assert {name: after.get(name) for name in before} == before  # nothing of the user's is lost
    assert "Traceback" not in errors.getvalue()
    if not case.sentence:
        assert status == 0, errors.getvalue()
        return
    assert status == 2, errors.getvalue()
    *_, sentence = errors.getvalue().splitlines()
    assert sentence.startswith("error: ") and re.search(case.sentence, sentence), sentence
    assert after.keys() == before.keys()


def test_the_same_command_again_replaces_its_own_results(folder: Path) -> None:
    for _ in range(2):
        assert {path.name for path in Path().glob("out/[!.]*")} in (set(), set(WRITES["score validity"]))
        with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
            main([*VALIDITY, "out"])
    assert json.loads(Path("out/summary.json").read_text())
    Path("out/crystals.csv").write_text("mine now")
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit):
        main([*VALIDITY, "out"])
    assert NOT_OURS in errors.getvalue() and Path("out/crystals.csv").read_text() == "mine now"


SOURCES = ROOT / "config/sources.yaml"
BOMB = "\n".join(
    ["a: &a [1, 1, 1, 1, 1, 1, 1, 1]"]
    + [
        f"{new}: &{new} [{', '.join([f'*{old}'] * 8)}]"
        for old, new in zip("abcdefgh", "bcdefghi", strict=True)
    ]
)
CONFIGS = {
    "aliases": (f"{BOMB}\nseeds: *i", "more than 100000 entries"),
    "aliases deep inside": (f"{BOMB}\nmolecules: {{prepare: {{exclude: *i}}}}", "more than 100000 entries"),
    "aliases as sources": (f"{BOMB}\nsources: {{x: {{files: *i}}}}", "more than 100000 entries"),
    "shards": ("shards: 100000000", "shards: .*less than or equal to 10000"),
    "no shards": ("shards: 0", "shards: .*greater than or equal to 1"),
    "shards in words": ("shards: many", "shards: .*integer"),
    "rate inf": ("molecules: {train: {training: {learning_rate: .inf}}}", "learning_rate: .*finite"),
    "rate nan": ("crystals: {train: {training: {learning_rate: .nan}}}", "learning_rate: .*finite"),
    "rate huge": ("crystals: {train: {training: {learning_rate: 1e300}}}", "learning_rate: .*less than"),
    "timeout inf": ("fetch: {timeout: .inf}", "fetch.timeout: .*finite"),
    "delay nan": ("fetch: {delay: .nan}", "fetch.delay: .*finite"),
    "fmax nan": ("crystals: {stability: {fmax: .nan}}", "fmax: .*finite"),
    "threads": ("molecules: {train: {training: {threads: 100000}}}", "threads: .*less than or equal to"),
    "device": ("molecules: {train: {training: {device: tpu}}}", "device: .*'auto', 'cpu' or 'cuda'"),
    "seed": ("seeds: [-1]", "seeds.0: .*greater than or equal to 0"),
    "a section that is none": ("molecules: 3", "molecules: "),
    "a plug-in that is no reference": ("plugins: {scale: my models.py}", "plugins.scale: "),
    "a metric that is no name": ("molecules: {metrics: ['../x']}", "molecules.metrics"),
}


@pytest.mark.parametrize(("text", "sentence"), CONFIGS.values(), ids=CONFIGS)
def test_a_config_is_refused_within_bounds(text: str, sentence: str) -> None:
    values = yaml.safe_load(text)
    values = {key: value for key, value in values.items() if len(key) > 1}
    with pytest.raises(GroundstateError, match=sentence) as caught:
        read_config(complete(values, asked_for(values), SOURCES))
    assert len(str(caught.value)) < 2000
