"""Every stage, killed with -9 at random points and started again: it ends as if nothing had happened.

``make test`` kills each stage once; ``make test-kill`` (KILLS=16) that often, and prints a table.
"""

import os
import random
import re
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq
import pytest

from faults.stages import Stages, outputs, remove, work_folders
from groundstate.files import write_text
from groundstate.training.checkpoints import load_checkpoint
from pipeline import ROOT
from results import contents

STAGES = (
    "fetch",
    "download",
    "prepare_molecules",
    "prepare_crystals",
    "embed_conformers",
    "train_geometry",
    "train_crystals",
    "predict_geometry",
    "generate_crystals",
    "score_geometry",
    "score_validity",
    "score_crystals",
    "score_stability",
    "report",
)
TRAININGS = ("train_geometry", "train_crystals")
KILLS = int(os.environ.get("KILLS", 0))


def assert_nothing_half_written(project: Path, finished: Path) -> dict[str, object]:
    """Whatever is in a result's place is the whole result; gives what is there."""
    found = {}
    for part in ("results", "data"):
        whole, mine = contents(finished / part), contents(project / part)
        for name, content in mine.items():
            assert content == whole[name], f"{name} is not what an undisturbed run gives"
        found |= mine
    return found


def assert_same_run(project: Path, finished: Path) -> None:
    whole = contents(finished / "results") | contents(finished / "data")
    assert assert_nothing_half_written(project, finished).keys() == whole.keys()
    assert (project / "results/test/report.html").stat().st_size > 100_000


def undo(project: Path, arguments: list[str]) -> None:
    """Back to before the first start of a stage."""
    remove(outputs(project, arguments))
    remove(work_folders(project))
    if "--cache" in arguments:
        remove([project / arguments[arguments.index("--cache") + 1]])


@pytest.mark.parametrize("name", STAGES)
def test_a_killed_stage_starts_again(
    stages: Stages, commands: dict[str, list[str]], finished: Path, name: str
) -> None:
    arguments, draw = commands[name], random.Random(f"one kill of {name}")
    undo(stages.project, arguments)
    after = draw.uniform(0.1, 1.5)
    while (killed := stages.run(arguments, after))[0] != -signal.SIGKILL:
        assert killed[0] == 0, killed[1]  # it came to its end: kill it sooner
        undo(stages.project, arguments)
        after /= 2
    assert_nothing_half_written(stages.project, finished)
    remove(outputs(stages.project, arguments))  # as Snakemake does before it starts a job again
    status, log, _ = stages.run(arguments)
    assert status == 0, log
    assert_same_run(stages.project, finished)


def _trained(project: Path) -> int:
    return max((load_checkpoint(path).step for path in project.rglob(".training-*/resume.ckpt")), default=0)


def _embedded(project: Path) -> int:
    shards = project.rglob(".conformers.work/*.parquet")
    return sum(len(set(pq.read_table(path, columns=["key"])["key"].to_pylist())) for path in shards)


class Pieces(NamedTuple):
    """What a long stage keeps when it is killed: unit, the most that a kill may cost, how much is kept."""

    unit: str
    most: int
    kept: Callable[[Path], int]


# the other stages are one piece each: seconds of work, which start again
PIECES = {
    "download": Pieces(
        "bytes", 1 << 16, lambda project: sum(p.stat().st_size for p in project.glob("data/**/*.part"))
    ),
    "embed_conformers": Pieces("molecules", 20, _embedded),
    "train_geometry": Pieces("steps", 10, _trained),
    "train_crystals": Pieces("steps", 10, _trained),
    "generate_crystals": Pieces(
        "crystals", 4, lambda project: 4 * len(list(project.rglob(".generated.extxyz.*/*.npz")))
    ),
    "score_stability": Pieces("calculations", 1, lambda project: len(list(project.rglob("cache/*/*.json")))),
}


def counted(log: str) -> int:
    """How far a training says it was, in steps."""
    return max((int(count) for count in re.findall(r": (\d+)/\d+ \(\S+ (?:step/s|s/step)", log)), default=0)


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="make test-kill, or KILLS=n")
@pytest.mark.parametrize("name", STAGES)
def test_many_kills(stages: Stages, commands: dict[str, list[str]], finished: Path, name: str) -> None:
    """``KILLS`` kills of a stage; what came of them is a row of the table in ``build/kills``."""
    project, arguments, draw, pieces = stages.project, commands[name], random.Random(name), PIECES.get(name)
    whole_run = contents(finished / "results").keys() | contents(finished / "data").keys()
    undo(project, arguments)
    status, log, whole = stages.run(arguments)
    assert status == 0, log
    assert_same_run(project, finished)
    kills = late = ends = resumed = most = kept = 0
    undo(project, arguments)
    while kills < KILLS or status:
        remove(outputs(project, arguments))
        status, log, _ = stages.run(arguments, draw.uniform(0, whole))
        resumed += kept > 0
        if not status:
            assert_same_run(project, finished)
            undo(project, arguments)
            kept, ends = 0, ends + 1
            continue
        assert status == -signal.SIGKILL, log
        kills += 1
        everything = assert_nothing_half_written(project, finished).keys() == whole_run
        late += everything  # it runs again all the same: Snakemake does not know that it came to its end
        before, kept = kept, pieces.kept(project) if pieces else 0
        if pieces and not everything:
            assert kept >= before, f"{before} {pieces.unit} were kept, now {kept}"
            lost = counted(log) - kept if pieces.unit == "steps" else 0
            assert lost <= pieces.most
            most = max(most, lost)
    twice = f"{most or f'at most {pieces.most}'} {pieces.unit}" if pieces else "the stage, one piece"
    titles = ("stage", "undisturbed", "kills", "after its last file", "resumed", "most work done twice")
    row = (name, f"{whole:.1f} s", kills, late, resumed if pieces else "-", twice)
    for number, cells in (
        (0, (*titles, "ended, all files equal")),
        (1, ("---",) * (len(titles) + 1)),
        (STAGES.index(name) + 2, (*row, ends)),
    ):
        write_text(ROOT / f"build/kills/{number:02d}.md", f"| {' | '.join(map(str, cells))} |\n")


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_that_is_stopped_goes_on(
    stages: Stages,
    commands: dict[str, list[str]],
    finished: Path,
    name: str,
    record_property: Callable[[str, object], None],
) -> None:
    """SIGTERM writes a checkpoint and ends by itself; the next start goes on from its step.

    How long that took is a property of the test in ``--junit-xml``; the goal is 10 s.
    """
    arguments = commands[name]
    undo(stages.project, arguments)

    def unfinished() -> list[Path]:
        with suppress(FileNotFoundError):  # a temporary file of the training went while it was looked at
            return list(stages.project.rglob(".training-*/resume.ckpt"))
        return []

    status, log, seconds = stages.run(arguments, when=unfinished, how=signal.SIGTERM)
    assert status == 143, log
    record_property("seconds to stop", seconds)
    (checkpoint,) = unfinished()
    step = load_checkpoint(checkpoint).step
    assert f"stopped at step {step}; run it again to go on" in log
    assert step >= 10  # the first checkpoint
    status, log, _ = stages.run(arguments)
    assert status == 0 and f"goes on from step {step}\n" in log, log
    assert_same_run(stages.project, finished)
