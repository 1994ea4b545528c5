"""Which crystals of a score get phonons, and the rows with what their modes say."""

import math
import resource
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms

from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.result import Result
from groundstate.stability.phonons.modes import (
    FiniteDisplacements,
    primitive_cell,
    repeats,
    require_phonopy,
)
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow
from groundstate.stability.settings import ScoreStability

ENDS = 2  # evaluations of a relaxation beside its steps: the first and the last geometry


@dataclass(frozen=True)
class PhononCost:
    """Evaluations of the potential, those from the cache too, and CPU-seconds of this run."""

    force_calls: int
    cpu_seconds: float


def add_phonons(
    score: StabilityScore, calculations: Calculations, settings: ScoreStability
) -> tuple[StabilityScore, PhononCost]:
    """Give the score with the ``dynamics`` of every row, and what it cost.

    A crystal is computed that converged, lies at most ``phonon_above_hull`` above the hull, is the first of
    its kind and, where only novel ones are asked for, novel. It is relaxed on to ``phonon_fmax``, reduced to
    its primitive cell, and each symmetrically distinct displacement is one cached calculation, so that an
    interrupted run goes on.

    Raises ``GroundstateError`` where phonopy is not installed.
    """
    require_phonopy()
    start, calls = _cpu_seconds(), 0
    rows = {row.id: _left_out(row, settings) for row in score.rows}
    asked = {name: score.relaxed[name] for name, row in rows.items() if not row.dynamics}
    tight = replace(
        calculations, settings=calculations.settings.model_copy(update={"fmax": settings.phonon_fmax})
    )
    relaxed = tight.run({Job("relax", name): atoms for name, atoms in asked.items()}, "phonons: relaxations")
    plans: dict[str, FiniteDisplacements] = {}
    for name, atoms in asked.items():
        result = relaxed[Job("relax", name)]
        calls += result.get("steps", 0) + ENDS
        plan = _plan(rows[name], atoms, result, settings)
        if isinstance(plan, FiniteDisplacements):
            plans[name] = plan
        else:
            rows[name] = plan
    jobs = {
        Job("forces", f"{name}/{index}"): supercell
        for name, plan in plans.items()
        for index, supercell in enumerate(plan.supercells)
    }
    results = calculations.run(jobs, "phonons: displacements")
    calls += len(jobs)
    for name, plan in plans.items():
        rows[name] = _judged(rows[name], plan, results)
    placed = replace(score, rows=[rows[row.id] for row in score.rows])
    return placed, PhononCost(calls, _cpu_seconds() - start)


def _cpu_seconds() -> float:
    """CPU time of this process and of the workers that have ended."""
    return time.process_time() + resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime


def _left_out(row: StabilityRow, settings: ScoreStability) -> StabilityRow:
    """Give the row as ``not_computed`` with the reason; as it is where its phonons are asked for."""
    energy, most = row.energy_above_hull, settings.phonon_above_hull
    if row.outcome != "converged":
        reason = "did not converge"
    elif energy is None:
        reason = "no energy above the hull"
    elif energy > most:
        reason = f"{energy:.3f} eV/atom above the hull, more than {most:g}"
    elif row.unique is False:
        reason = f"equivalent to {row.equivalent_to}"
    elif settings.phonon_novel and not row.novel:
        reason = "not novel"
    else:
        return row
    return replace(row, dynamics="not_computed", dynamics_reason=reason)


def _plan(
    row: StabilityRow, start: Atoms, result: Result, settings: ScoreStability
) -> FiniteDisplacements | StabilityRow:
    """Plan the displacements of a crystal, or give the row that says why there are none."""
    if result["outcome"] == "failed":
        return _failed(row, result["reason"])
    if result["outcome"] != "converged":
        return _failed(row, f"the relaxation to {settings.phonon_fmax:g} eV/A ended as {result['outcome']}")
    atoms = Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
    fault = volume_fault(start.get_volume(), atoms.get_volume(), settings) or geometry_fault(atoms, settings)
    if fault:
        return _failed(row, fault)
    atoms = primitive_cell(atoms)
    multiples = repeats(atoms, settings.phonon_supercell)
    number = len(atoms) * math.prod(multiples)
    row = replace(row, phonon_supercell="x".join(map(str, multiples)))
    if number > settings.phonon_max_atoms:
        reason = f"a supercell of {number} atoms, more than {settings.phonon_max_atoms}"
        return replace(row, dynamics="not_computed", dynamics_reason=reason)
    try:
        return FiniteDisplacements(atoms, multiples, settings.phonon_displacement)
    except (RuntimeError, ValueError, TypeError) as error:  # phonopy finds no consistent symmetry
        return _failed(row, f"phonopy: {error}")


def _judged(row: StabilityRow, plan: FiniteDisplacements, results: Mapping[Job, Result]) -> StabilityRow:
    """Give the row of a crystal whose displaced supercells were computed."""
    row = replace(row, phonon_supercell="x".join(map(str, plan.multiples)))
    mine = [results[Job("forces", f"{row.id}/{index}")] for index in range(len(plan.supercells))]
    if reason := next((one["reason"] for one in mine if one["outcome"] == "failed"), None):
        return _failed(row, reason)
    modes = plan.modes([np.array(one["forces"]) for one in mine])
    return replace(
        row,
        dynamics="imaginary" if modes.imaginary else "stable",
        lowest_frequency=modes.lowest,
        imaginary_modes=modes.imaginary,
        phonon_displacements=len(mine),
    )


def _failed(row: StabilityRow, reason: str) -> StabilityRow:
    return replace(row, dynamics="failed", dynamics_reason=reason)
