"""Conformers made in parts, as jobs of their own, and collected."""

import json
from pathlib import Path

import pytest

from groundstate.errors import GroundstateError
from groundstate.molecules.conformers.embed import embed_conformers, embed_part
from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.mols import parse_smiles, record_from_mol
from groundstate.shards import parse_shard
from results import assert_same_results

SETTINGS = EmbedConformers(max_iterations=5)
SMILES = ["CCO", "CCN", "CCF", "CC#N", "COC", "CC(F)F", "CSC"]


def test_parts_together_give_the_whole(tmp_path: Path) -> None:
    records = [record_from_mol(f"m{k}", parse_smiles(s), smiles=s) for k, s in enumerate(SMILES)]
    embed_conformers(records, ["m1", "m2"], SETTINGS, 1, tmp_path / "whole/conformers")
    split = tmp_path / "split/conformers"
    for part in (1, 2, 3):
        embed_part(records, SETTINGS, 1, split, part, 3)
    made = [json.loads((split / f"shards/{part}.json").read_text())["computed_now"] for part in (1, 2, 3)]
    assert made == [3, 2, 2]
    embed_part(records, SETTINGS, 1, split, 1, 3)  # one that is started again has nothing left to do
    assert json.loads((split / "shards/1.json").read_text())["computed_now"] == 0
    summary = embed_conformers(records, ["m1", "m2"], SETTINGS, 1, split)
    assert summary["computed_now"] == 0
    for part in (1, 2, 3):
        (split / f"shards/{part}.json").unlink()
    assert_same_results(split, tmp_path / "whole/conformers")


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "a/3", "-1/3"])
def test_other_parts_are_refused(text: str) -> None:
    assert parse_shard("3/3") == (3, 3)
    with pytest.raises(GroundstateError, match="K/N"):
        parse_shard(text)
