"""Shards of finished conformers: a damaged one is set aside and made again."""

from pathlib import Path

import numpy as np
import pytest

from groundstate.molecules.conformers.settings import EmbedConformers
from groundstate.molecules.conformers.shards import Shards, embed_shard, embedding_content
from groundstate.molecules.mols import parse_smiles, record_from_mol

SETTINGS = EmbedConformers(num_conformers=1)
CONTENT = embedding_content(SETTINGS)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, bytes, list[dict]]:
    folder = tmp_path_factory.mktemp("shards")
    record = record_from_mol("a", parse_smiles("CO"), smiles="CO")
    key = Shards(folder, CONTENT).key(record)
    embed_shard([(key, record)], SETTINGS, folder)
    (path,) = folder.iterdir()
    return path.name, path.read_bytes(), Shards(folder, CONTENT).rows(key)


def test_a_whole_shard_gives_its_rows(whole: tuple[str, bytes, list[dict]], tmp_path: Path) -> None:
    name, data, rows = whole
    (tmp_path / name).write_bytes(data)
    shards = Shards(tmp_path, CONTENT)
    (key,) = shards.paths
    assert shards.rows(key) == rows


def test_a_flipped_bit_anywhere_sets_it_aside(
    whole: tuple[str, bytes, list[dict]], tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    name, data, _ = whole
    generator = np.random.default_rng(0)
    for place in generator.choice(8 * len(data), 100, replace=False).tolist():
        damaged = bytearray(data)
        damaged[place // 8] ^= 1 << place % 8
        (tmp_path / name).write_bytes(damaged)
        assert Shards(tmp_path, CONTENT).paths == {}
        assert not (tmp_path / name).exists()
    assert f"{name}: damaged; set aside, its molecules are embedded again" in capsys.readouterr().err


@pytest.mark.parametrize("size", [0, 4, 100, -10])
def test_a_cut_shard_is_set_aside(whole: tuple[str, bytes, list[dict]], tmp_path: Path, size: int) -> None:
    name, data, _ = whole
    (tmp_path / name).write_bytes(data[:size])
    assert Shards(tmp_path, CONTENT).paths == {}
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.damaged"]
