"""The dry run of all of Molecule3D: every job is known beforehand, on what a login node has."""

import resource
from pathlib import Path

from pipeline import ROOT, planned, snakemake

PARTS = 400


def test_the_dry_run_of_molecule3d_sees_every_job(tmp_path: Path) -> None:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    where = ("--directory", str(tmp_path))
    printed = snakemake(ROOT, "-n", "-q", "rules", "--cores", "2", *where, config="config/molecule3d.yaml")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    jobs = planned(printed)
    assert jobs["embed_part"] == PARTS
    assert jobs.pop("fetch") == 13  # the files of Molecule3D, and none of crystals: nobody asked for them
    assert sum(jobs.values()) == PARTS + 6
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    assert seconds < 60 and after.ru_maxrss < 4 * 1024**2
