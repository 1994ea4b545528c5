"""Parts of a stage that run as jobs of their own."""

import re

from groundstate.errors import GroundstateError

MAX_SHARDS = 10_000  # each is a job; a scheduler's array and a plan in memory end about there


def parse_shard(text: str) -> tuple[int, int]:
    """Read ``K/N``, the K-th of N parts, as ``(K, N)``.

    Raises ``GroundstateError`` unless 1 <= K <= N <= ``MAX_SHARDS``.
    """
    match = re.fullmatch(r"([0-9]{1,9})/([0-9]{1,9})", text)
    if match is None or not 1 <= int(match[1]) <= int(match[2]):
        raise GroundstateError(f"--shard: {text!r} is not K/N with 1 <= K <= N")
    if int(match[2]) > MAX_SHARDS:
        raise GroundstateError(f"--shard: {text!r}: a stage has at most {MAX_SHARDS} parts")
    return int(match[1]), int(match[2])
