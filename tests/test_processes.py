"""Chunks over processes: in order, lazily, the same with one process as with two."""

import os
from collections.abc import Iterator

import pytest

from groundstate.processes import map_chunks


def square(number: int) -> int:
    return number * number


def process(number: int) -> int:
    return os.getpid()


@pytest.mark.parametrize("workers", [1, 2])
def test_results_come_in_order(workers: int) -> None:
    assert list(map_chunks(square, range(20), workers)) == [n * n for n in range(20)]


def test_chunks_are_taken_as_they_are_needed() -> None:
    taken = []

    def chunks() -> Iterator[int]:
        for number in range(100):
            taken.append(number)
            yield number

    assert next(map_chunks(square, chunks(), 2)) == 0
    assert len(taken) < 10


def test_one_worker_is_this_process_and_two_are_others() -> None:
    assert set(map_chunks(process, range(2), 1)) == {os.getpid()}
    assert os.getpid() not in set(map_chunks(process, range(2), 2))


def threads(number: int) -> int:
    import torch

    return torch.get_num_threads()


def test_workers_have_one_thread_each_whatever_the_job_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "4")  # as a workflow does for a job of four threads
    assert set(map_chunks(threads, range(2), 2)) == {1}
