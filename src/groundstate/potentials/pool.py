"""Worker processes that load a potential once and outlive the death of one of them."""

import contextlib
import multiprocessing
import os
from collections import deque
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from typing import Literal, NamedTuple

from ase import Atoms

from groundstate.errors import GroundstateError
from groundstate.potentials.interface import Potential
from groundstate.potentials.relax import evaluate, largest, relax
from groundstate.potentials.result import Result
from groundstate.potentials.settings import RelaxSettings

TRIES = 2  # a crystal that takes its worker down twice is itself the cause
THREADS = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class Task(NamedTuple):
    """One calculation: a single point, forces, or a relaxation; ``key`` is the cache's."""

    key: str
    kind: Literal["single", "forces", "relax"]
    atoms: Atoms


def calculate(potential: Potential, task: Task, settings: RelaxSettings) -> Result:
    """Do one task; what the potential raises becomes ``{"outcome": "failed", "reason": ...}``."""
    try:
        if task.kind == "single":
            point = evaluate(potential, task.atoms)
            return {"outcome": "single", "energy": point.energy, "force": largest(point.forces)}
        if task.kind == "forces":
            return {"outcome": "forces", "forces": evaluate(potential, task.atoms).forces.tolist()}
        relaxed = relax(potential, task.atoms, settings)
    except Exception as error:
        # Any calculator may be plugged in; whatever it raises on one crystal is that crystal's result.
        text = (str(error).strip().splitlines() or [""])[0]
        return {"outcome": "failed", "reason": f"{type(error).__name__}: {text}"[:300]}
    return {
        "outcome": relaxed.outcome,
        "steps": relaxed.steps,
        "initial_energy": relaxed.initial_energy,
        "initial_force": relaxed.initial_force,
        "energy": relaxed.energy,
        "force": relaxed.force,
        "cell": relaxed.atoms.cell.array.tolist(),
        "positions": relaxed.atoms.positions.tolist(),
    }


def _work(connection: Connection, potential: Potential, settings: RelaxSettings) -> None:
    try:
        _ = potential.calculator  # loads it
    except GroundstateError as error:
        connection.send(error)
        return
    while True:
        try:
            connection.send(calculate(potential, connection.recv(), settings))
        except (EOFError, ConnectionError):  # the parent is gone
            return


class _Worker:
    """A process, the pipe to it, and the task it is at."""

    def __init__(self, context: SpawnContext, potential: Potential, settings: RelaxSettings) -> None:
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_work, args=(theirs, potential, settings), daemon=True)
        self.process.start()
        theirs.close()
        self.task: Task | None = None

    def give(self, task: Task) -> None:
        self.task = task
        with contextlib.suppress(ConnectionError):  # it died while idle: reading from it says so
            self.connection.send(task)

    def stop(self) -> int | None:
        self.connection.close()  # an idle worker ends by itself
        if self.task is not None:
            self.process.terminate()
        self.process.join(10)
        self.process.kill()
        self.process.join()
        return self.process.exitcode


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Child processes started inside read one thread from the environment as their libraries load.

    Two threads on a shared core cost more than they give.
    """
    before = {name: os.environ.get(name) for name in THREADS}
    os.environ.update(THREADS)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def run_tasks(
    tasks: Sequence[Task], potential: Potential, settings: RelaxSettings, workers: int
) -> Iterator[tuple[Task, Result]]:
    """Yield each task with its result as it finishes, from ``workers`` processes (0: from this one).

    When a worker is killed, a new one starts and its task is done again; the results do not depend on which
    worker did what. A task that took two workers down is ``failed`` (and ``transient``: not for a cache).

    Raises ``GroundstateError`` where the potential does not load.
    """
    if workers == 0:
        yield from ((task, calculate(potential, task, settings)) for task in tasks)
        return
    waiting = deque(tasks)
    deaths: dict[str, int] = {}
    context = multiprocessing.get_context("spawn")
    team: list[_Worker] = []
    try:
        while waiting or any(worker.task for worker in team):
            with _one_thread():
                while len(team) < workers and len(waiting) > sum(worker.task is None for worker in team):
                    team.append(_Worker(context, potential, settings))
            for worker in team:
                if waiting and worker.task is None:
                    worker.give(waiting.popleft())
            ready = wait([worker.connection for worker in team if worker.task])
            finished = [(w, w.task) for w in team if w.task is not None and w.connection in ready]
            for worker, task in finished:
                worker.task = None
                try:
                    result = worker.connection.recv()
                except (EOFError, ConnectionError):
                    team.remove(worker)
                    code = worker.stop()
                    deaths[task.key] = deaths.get(task.key, 0) + 1
                    if deaths[task.key] < TRIES:
                        waiting.appendleft(task)
                        continue
                    reason = f"took its worker down twice (exit {code})"
                    yield task, {"outcome": "failed", "reason": reason, "transient": True}
                    continue
                if isinstance(result, GroundstateError):
                    raise result
                yield task, result
    finally:
        for worker in team:
            worker.stop()
