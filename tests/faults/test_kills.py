"""Every stage, killed with -9 at random points and started again: it ends as if nothing had happened.

``make test`` kills each stage once. ``make test-kill`` (KILLS=208) spreads that many kills over the stages
and prints a table.
"""

import os
import random
import signal
from pathlib import Path

import pytest

from faults.stages import Stages, outputs, remove, work_folders
from groundstate.checkpoints import load_checkpoint
from results import assert_same_results, contents

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
    "score_stability",
    "report",
)
TRAININGS = ("train_geometry", "train_crystals")
KILLS = int(os.environ.get("KILLS", 0))


def assert_nothing_half_written(project: Path, finished: Path) -> None:
    """Whatever is in a result's place is the whole result."""
    for part in ("results", "data"):
        whole = contents(finished / part)
        for name, content in contents(project / part).items():
            if ".part" in name:  # of a download, which goes on there
                continue
            assert content == whole[name], f"{name} is not what an undisturbed run gives"


def assert_same_run(project: Path, finished: Path) -> None:
    for part in ("results", "data"):
        assert_same_results(project / part, finished / part)
    assert (project / "results/test/report.html").stat().st_size > 100_000


def undo(project: Path, arguments: list[str]) -> None:
    """Back to before the first start of a stage."""
    remove(outputs(project, arguments))
    remove(work_folders(project))


@pytest.mark.parametrize("name", STAGES)
def test_a_killed_stage_starts_again(
    stages: Stages, commands: dict[str, list[str]], finished: Path, name: str
) -> None:
    arguments, draw = commands[name], random.Random(f"one kill of {name}")
    undo(stages.project, arguments)
    after = draw.uniform(0.1, 1.5)
    while stages.run(arguments, after)[0] != -signal.SIGKILL:  # it was faster than that
        undo(stages.project, arguments)
        after /= 2
    assert_nothing_half_written(stages.project, finished)
    remove(outputs(stages.project, arguments))  # as Snakemake does before it starts a job again
    status, log, _ = stages.run(arguments)
    assert status == 0, log
    assert_same_run(stages.project, finished)


@pytest.mark.slow
@pytest.mark.skipif(not KILLS, reason="make test-kill, or KILLS=n")
def test_many_kills(
    stages: Stages,
    commands: dict[str, list[str]],
    finished: Path,
    capsys: pytest.CaptureFixture,
) -> None:
    table = []
    for name in STAGES:
        arguments, draw = commands[name], random.Random(f"kills of {name}")
        undo(stages.project, arguments)
        status, log, whole = stages.run(arguments)
        assert status == 0, log
        kills = runs = 0
        undo(stages.project, arguments)
        while kills < -(-KILLS // len(STAGES)):
            remove(outputs(stages.project, arguments))
            status, log, _ = stages.run(arguments, draw.uniform(0, whole))
            if status == -signal.SIGKILL:
                kills += 1
                assert_nothing_half_written(stages.project, finished)
                continue
            assert status == 0, log
            runs += 1
            assert_same_run(stages.project, finished)
            undo(stages.project, arguments)
        status, log, _ = stages.run(arguments)
        assert status == 0, log
        assert_same_run(stages.project, finished)
        table.append(f"{name:20} {whole:6.1f} s  {kills:4} kills  {runs + 1:3} completed, all equal")
    with capsys.disabled():
        print("\n" + "\n".join(table))


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_that_is_stopped_goes_on(
    stages: Stages, commands: dict[str, list[str]], finished: Path, name: str
) -> None:
    """SIGTERM writes a checkpoint and ends by itself; the next start goes on from its step."""
    arguments = commands[name]
    undo(stages.project, arguments)

    def unfinished() -> list[Path]:
        return list(stages.project.rglob(".training-*/resume.ckpt"))

    status, log, seconds = stages.run(arguments, when=unfinished, how=signal.SIGTERM)
    assert status == 143, log
    assert seconds < 10
    (checkpoint,) = unfinished()
    step = load_checkpoint(checkpoint).step
    assert f"stopped at step {step}; run it again to go on" in log
    assert step >= 10  # the first checkpoint
    status, log, _ = stages.run(arguments)
    assert status == 0, log
    assert_same_run(stages.project, finished)
