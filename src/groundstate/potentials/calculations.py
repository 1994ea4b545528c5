"""Run single points, forces and relaxations of many crystals: cached, in parallel, with progress."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from ase import Atoms

from groundstate.potentials.cache import Cache, calculation_key
from groundstate.potentials.interface import Potential
from groundstate.potentials.pool import Task, run_tasks
from groundstate.potentials.result import Result
from groundstate.potentials.settings import RelaxSettings
from groundstate.progress import Progress


class Job(NamedTuple):
    """A calculation that is asked for: its kind, and the name that its result comes back under."""

    kind: Literal["single", "forces", "relax"]
    name: str


@dataclass(frozen=True)
class Calculations:
    """A potential, how it relaxes, where its results are kept, and how many processes work on them.

    ``workers`` 0 calculates in this process.
    """

    potential: Potential
    cache: Cache
    settings: RelaxSettings = field(default_factory=RelaxSettings)
    workers: int = 2

    def run(
        self, jobs: Mapping[Job, Atoms], name: str = "energies", enough: Callable[[], bool] | None = None
    ) -> dict[Job, Result]:
        """Do all jobs; what the cache holds is not computed again, and each new result goes there.

        The results do not depend on the number of workers, nor on what an earlier run had finished.

        Parameters
        ----------
        name
            What the progress is shown as.
        enough
            Asked after every calculation, which are then done in the order of ``jobs``: once it is true no
            other is begun, and the jobs that were not done have no result.
        """
        keys = {}
        for job, atoms in jobs.items():
            physics = self.settings.physics() if job.kind == "relax" else ()
            keys[job] = calculation_key(atoms, job.kind, self.potential.identity, *physics)
        results = {key: stored for key in set(keys.values()) if (stored := self.cache.get(key)) is not None}
        tasks = {
            keys[job]: Task(keys[job], job.kind, atoms)
            for job, atoms in jobs.items()
            if keys[job] not in results
        }
        in_order = list(tasks.values())
        if enough is None:  # the longest first, so that no worker is left with one at the end
            in_order.sort(key=lambda task: (task.kind != "relax", -len(task.atoms)))
        elif enough():
            in_order = []
        progress = Progress(name, len(results) + len(tasks), "crystal", done=len(results))
        for task, result in run_tasks(in_order, self.potential, self.settings, self.workers):
            if not result.get("transient"):
                self.cache.put(task.key, result)
            results[task.key] = result
            progress.update()
            if enough is not None and enough():
                break
        return {job: results[key] for job, key in keys.items() if key in results}
