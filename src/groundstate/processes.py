"""Worker processes that work through chunks and end with their parent."""

import multiprocessing
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import islice
from typing import TypeVar

Chunk = TypeVar("Chunk")
Result = TypeVar("Result")
Item = TypeVar("Item")


def chunked(items: Iterable[Item], size: int) -> Iterator[list[Item]]:
    """Cut ``items`` into lists of ``size``; the last may be shorter."""
    iterator = iter(items)
    while chunk := list(islice(iterator, size)):
        yield chunk


def map_chunks(
    function: Callable[[Chunk], Result], chunks: Iterable[Chunk], workers: int
) -> Iterator[Result]:
    """Yield ``function(chunk)`` in order, from ``workers`` spawned processes (1: from this one).

    Chunks are taken from the iterator as they are needed, so that they never all lie in memory.
    """
    if workers == 1:
        yield from map(function, chunks)
        return
    with worker_pool(workers) as pool:
        waiting: deque = deque()
        for chunk in chunks:
            waiting.append(pool.submit(function, chunk))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def worker_pool(workers: int) -> ProcessPoolExecutor:
    """``workers`` spawned processes of one thread each."""
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, context, initializer=_start_worker, initargs=(os.getpid(),))


def _start_worker(parent: int) -> None:
    """Keep to one thread; end when the parent is gone: a killed run must not leave processes behind.

    A workflow tells a job how many threads it has, and the job starts as many workers: were each to start as
    many threads, these would wait for one another.
    """
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the libraries that a worker has not loaded yet

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
