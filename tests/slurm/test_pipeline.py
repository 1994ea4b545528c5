"""The whole pipeline at test size through a real SLURM that treats its jobs badly."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from groundstate.training.checkpoints import load_checkpoint
from pipeline import copy_project, snakemake
from results import assert_same_results
from slurm.cluster import Cluster, wait_for

pytestmark = [pytest.mark.slow, pytest.mark.slurm]

# the training that is stopped in between takes some ten seconds; the same in both runs
SHORT, LONGER = "max_steps: 20, batch_size", "max_steps: 200, batch_size"
# as a user edits the profile for a cluster, here for one that answers fast and has two real cores
EDITS = {
    "slurm-init-seconds-before-status-checks: 20": "slurm-init-seconds-before-status-checks: 1",
    "seconds-between-status-checks: 20": "seconds-between-status-checks: 1",
    "latency-wait: 60": "latency-wait: 10",
    "  embed_conformers: 16\n": "  embed_conformers: 2\n",
    # too little for the first attempt
    "embed_conformers:\n    mem_mb: 16000 * attempt": "embed_conformers:\n    mem_mb: 120 * attempt ** 3",
    "  # slurm_partition: main": "  slurm_partition: main",
}
LONG = 60 * 60  # seconds; a loaded machine takes many times what an idle one does


def project(folder: Path) -> Path:
    config = copy_project(folder) / "config/test.yaml"
    text = config.read_text()
    molecules, crystals = text.split("\ncrystals:")
    assert crystals.count(SHORT) == 1
    config.write_text(f"{molecules}\ncrystals:{crystals.replace(SHORT, LONGER)}")
    return folder


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of the same run without SLURM."""
    folder = project(tmp_path_factory.mktemp("local"))
    snakemake(folder, "--cores", "2")
    return folder / "results/test"


class Run:
    """One run of the pipeline through SLURM and what was done to it."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster, self.facts = project(folder), cluster, {}
        profile = self.folder / "profiles/slurm/config.yaml"
        text = profile.read_text()
        for old, new in EDITS.items():
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        profile.write_text(text)
        command = "-m snakemake --workflow-profile profiles/slurm --configfile config/test.yaml"
        environment = {**cluster.environment, "PYTHONPATH": str(self.folder / "src"), "OMP_NUM_THREADS": "1"}
        self.log = self.folder / "run.log"
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, *command.split()],
                cwd=self.folder,
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def until(self, condition, what: str) -> None:
        def checked() -> object:
            assert self.process.poll() is None, f"ended before {what}:\n{self.log.read_text()[-6000:]}"
            return condition()

        wait_for(checked, LONG, what)

    def jobs(self, rule: str) -> list[dict[str, str]]:
        jobs = self.facts.get("jobs") or self.cluster.jobs()
        return [job for job in jobs if job.get("Comment", "").startswith(f"rule_{rule}")]

    def running(self, rule: str) -> str | None:
        """Number of the running SLURM job of a rule."""
        return next((job["JobId"] for job in self.jobs(rule) if job["JobState"] == "RUNNING"), None)

    def checkpoint(self, part: str) -> Path | None:
        found = (self.folder / "results/test" / part).glob("*/*/seed0/.training-*/resume.ckpt")
        return next(found, None)


@pytest.fixture(scope="module")
def disturbed(tmp_path_factory: pytest.TempPathFactory, cluster: Cluster) -> Iterator[Run]:
    """A run in which a job is starved of memory, one cancelled, one preempted, and the node drained."""
    run = Run(tmp_path_factory.mktemp("run"), cluster)
    try:
        run.until(lambda: run.running("prepare_crystals"), "a preparation")
        run.facts["cancelled"] = run.running("prepare_crystals")
        cluster.call("scancel", run.facts["cancelled"])

        run.until(lambda: run.checkpoint("crystals"), "a checkpoint of the crystals")
        run.facts["preempted"] = run.running("train_crystals")
        urgent = cluster.call(
            "sbatch", "--parsable", "-p", "urgent", "--exclusive", "-o", "/dev/null", "--wrap", "sleep 5"
        )
        # the node is its own: the training that had to go has written what it had
        wait_for(lambda: cluster.call("squeue", "-h", "-j", urgent, "-t", "R"), 120, "preemption")
        checkpoint = run.checkpoint("crystals")
        run.facts["step when preempted"] = load_checkpoint(checkpoint).step
        wait_for(lambda: not cluster.call("squeue", "-h", "-j", urgent), 60, "the urgent job")

        run.until(lambda: run.running("train_geometry"), "the other training")
        cluster.drain()
        wait_for(lambda: cluster.state() == "drained", LONG, "the drained node")
        run.until(lambda: cluster.call("squeue", "-h", "-t", "PENDING"), "a job that waits for the node")
        cluster.resume()
        run.facts["status"] = run.process.wait(LONG)
        run.facts["jobs"] = cluster.jobs()
        yield run
    finally:
        if run.process.poll() is None:
            run.process.kill()
            run.process.wait()


def test_it_ends_well(disturbed: Run) -> None:
    assert disturbed.facts["status"] == 0, disturbed.log.read_text()[-6000:]


def test_numbers_equal_those_of_a_local_run(disturbed: Run, local: Path) -> None:
    assert_same_results(disturbed.folder / "results/test", local)


def test_a_job_killed_for_memory_comes_back_with_more(disturbed: Run) -> None:
    jobs = disturbed.jobs("embed_conformers")
    memory = [int(job["MinMemoryNode"].rstrip("M")) for job in jobs]
    assert memory[:2] == [120, 960]
    assert [job["JobState"] for job in jobs] == ["FAILED"] * (len(jobs) - 1) + ["COMPLETED"]


def test_a_cancelled_job_comes_back(disturbed: Run) -> None:
    states = {job["JobId"]: job["JobState"] for job in disturbed.jobs("prepare_crystals")}
    assert states.pop(disturbed.facts["cancelled"]) == "CANCELLED"
    assert list(states.values()) == ["COMPLETED"]


def test_a_preempted_training_goes_on_from_its_checkpoint(disturbed: Run) -> None:
    (job,) = [job for job in disturbed.jobs("train_crystals") if job["JobId"] == disturbed.facts["preempted"]]
    assert job["Restarts"] == "1" and job["JobState"] == "COMPLETED"
    log = (disturbed.folder / "logs/train_crystals/tiny_crystals/unimat-compact/seed0.log").read_text()
    step = int(re.search("goes on from step ([0-9]+)", log)[1])
    assert step == disturbed.facts["step when preempted"] >= 10


def test_every_stage_was_a_job_of_slurm(disturbed: Run) -> None:
    log = disturbed.log.read_text()
    submitted = len(re.findall("has been submitted with SLURM jobid", log))
    assert submitted >= 10 and re.findall("^localrule (.*):", log, re.MULTILINE) == ["all"]
