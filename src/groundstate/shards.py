"""Parts of a stage that run as jobs of their own."""

from groundstate.errors import GroundstateError


def parse_shard(text: str) -> tuple[int, int]:
    """``K/N``, the K-th of N parts, as ``(K, N)``; raises ``GroundstateError`` unless 1 <= K <= N."""
    first, _, second = text.partition("/")
    if not (first.isdigit() and second.isdigit() and 1 <= int(first) <= int(second)):
        raise GroundstateError(f"--shard: {text!r} is not K/N with 1 <= K <= N")
    return int(first), int(second)
