"""Files, options and limits: what people type by mistake is refused in one sentence, and nothing is lost.

``python -m pytest tests/cases/test_faults.py`` runs every case.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import pytest
import yaml

from groundstate.cli import main
from groundstate.cli.guard import WRITES
from groundstate.config_reading import asked_for, complete, read_config
from groundstate.config_texts import ROOT
from groundstate.errors import GroundstateError

sys.path.insert(0, str(Path(__file__).parent))
import score_inputs
from fault_inputs import CASES, NOT_OURS, VALIDITY, Case, judge, write_files

ALL = [*CASES, *score_inputs.CASES]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder as a user has it."""
    monkeypatch.chdir(tmp_path)
    write_files()
    return tmp_path


@pytest.mark.parametrize("case", ALL, ids=[case.id for case in ALL])
def test_a_command_does_what_is_meant_or_says_why_not(case: Case, tmp_path: Path) -> None:
    verdict = judge(case, tmp_path)
    assert verdict in ("right", "refused"), verdict


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
