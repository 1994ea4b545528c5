"""The body of a response: read in blocks, not slower than allowed, unpacked where the server packed it."""

import http.client
import time
import zlib
from collections.abc import Iterator

from groundstate.errors import GroundstateError
from groundstate.sources.partial import PartialFile
from groundstate.sources.settings import Retry
from groundstate.text import HARMLESS_SIZE, MAX_RATIO

BLOCK = 2**18
ENCODINGS = ("identity", "gzip", "x-gzip", "deflate")


class PassingFaultError(Exception):
    """A fault that another attempt may not meet."""


def blocks_of(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Read a body as it comes; ``PassingFaultError`` where the connection breaks."""
    try:
        while block := response.read1(BLOCK):
            yield block
    except (OSError, http.client.HTTPException) as error:
        raise PassingFaultError(f"the connection broke: {error or type(error).__name__}") from None


def paced(blocks: Iterator[bytes], retry: Retry) -> Iterator[bytes]:
    """Pass blocks on; ``PassingFaultError`` where they come more slowly than ``retry.min_rate``."""
    since, size = time.monotonic(), 0
    for block in blocks:
        yield block
        size += len(block)
        seconds = time.monotonic() - since
        if seconds >= retry.timeout:
            if size < retry.min_rate * seconds:
                raise PassingFaultError(
                    f"{size / seconds:.0f} bytes per second, fewer than {retry.min_rate:g}"
                )
            since, size = time.monotonic(), 0


def unpacked(blocks: Iterator[bytes], url: str, part: PartialFile) -> Iterator[bytes]:
    """Undo the packing of a body (gzip or zlib), which also tells whether it is whole.

    A part of a packed body cannot be gone on with: every fault empties ``part``. Raises ``GroundstateError``
    for what looks like a bomb.
    """
    unpack, received, size = zlib.decompressobj(47), 0, 0
    try:
        for block in blocks:
            received += len(block)
            data = block
            while data:
                plain = unpack.decompress(data, BLOCK)
                size += len(plain)
                yield plain
                data = unpack.unconsumed_tail
                if size > max(HARMLESS_SIZE, MAX_RATIO * received):
                    part.restart()
                    raise GroundstateError(
                        f"{url}: {received} bytes unpack to {size}, which looks like a bomb"
                    )
    except zlib.error as error:
        part.restart()
        raise PassingFaultError(f"the packed body is damaged: {error}") from None
    except PassingFaultError:
        part.restart()
        raise
    if not unpack.eof:
        part.restart()
        raise PassingFaultError("the packed body is cut")
