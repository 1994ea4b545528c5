"""Run single points and relaxations of many crystals: cached, in parallel, with progress."""

from collections.abc import Mapping

from ase import Atoms

from groundstate.potentials.cache import Cache, content_key
from groundstate.potentials.interface import Potential
from groundstate.potentials.pool import Task, run_tasks
from groundstate.potentials.settings import RelaxSettings
from groundstate.progress import Progress

Job = tuple[str, str]  # kind ("single" or "relax") and the crystal's id


def calculate_all(
    jobs: Mapping[Job, Atoms],
    potential: Potential,
    settings: RelaxSettings,
    cache: Cache,
    workers: int = 2,
    name: str = "energies",
) -> dict[Job, dict]:
    """Results of all jobs; what the cache holds is not computed again, and each new result goes there.

    The results do not depend on the number of workers, nor on what an earlier run had finished.
    """
    keys = {}
    for (kind, crystal), atoms in jobs.items():
        physics = settings.physics() if kind == "relax" else ()
        keys[kind, crystal] = content_key(atoms, kind, potential.identity, *physics)
    results = {key: found for key in set(keys.values()) if (found := cache.get(key)) is not None}
    tasks = {
        keys[job]: Task(keys[job], job[0], atoms) for job, atoms in jobs.items() if keys[job] not in results
    }
    longest_first = sorted(tasks.values(), key=lambda task: (task.kind != "relax", -len(task.atoms)))
    progress = Progress(name, len(results) + len(tasks), "crystal", done=len(results))
    for task, result in run_tasks(longest_first, potential, settings, workers):
        if not result.get("transient"):
            cache.put(task.key, result)
        results[task.key] = result
        progress.update()
    return {job: results[key] for job, key in keys.items()}
