"""Parts of a stage."""

import pytest

from groundstate.errors import GroundstateError
from groundstate.shards import parse_shard


def test_a_part_of_parts() -> None:
    assert parse_shard("1/1") == (1, 1)
    assert parse_shard("3/12") == (3, 12)


@pytest.mark.parametrize(
    "text", ["2/1", "0/1", "0/0", "-1/2", "1", "1/", "/2", "a/b", "1/2/3", "1.0/2", "1 / 2", "¹/2"]
)
def test_anything_else_is_a_sentence(text: str) -> None:
    with pytest.raises(GroundstateError, match="is not K/N with 1 <= K <= N"):
        parse_shard(text)


def test_more_parts_than_a_workflow_can_have_are_refused() -> None:
    with pytest.raises(GroundstateError, match="at most 10000 parts"):
        parse_shard("1/100000000")
