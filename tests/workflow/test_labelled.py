"""A list of SMILES becomes a training set: its ground states are found before it is prepared."""

from pathlib import Path

from pipeline import ROOT, planned, snakemake


def test_moses_is_labelled_in_parts_then_trained_on(tmp_path: Path) -> None:
    where = ("--directory", str(tmp_path), "--config", "shards=3")
    jobs = planned(snakemake(ROOT, "-n", "-q", "rules", "--cores", "2", *where, config="config/moses.yaml"))
    assert jobs["label_part"] == 3 and jobs["label_geometry"] == 1
    assert jobs["fetch"] == jobs["prepare_molecules"] == jobs["train_geometry"] == 1
