"""Density functional theory's energies of the relaxed crystals, one single point each."""

from dataclasses import replace

from ase import Atoms

from groundstate.potentials.cache import Cache, calculation_key
from groundstate.potentials.dft import SCHEME, require_gpaw, single_point
from groundstate.progress import track
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow


def add_dft(score: StabilityScore, python: str, cache: Cache) -> StabilityScore:
    """Give the score with GPAW's energy (eV per atom) of every converged crystal.

    Raises ``GroundstateError`` where ``python`` has no GPAW.
    """
    version = require_gpaw(python)
    rows = []
    for row in track(score.rows, "dft", len(score.rows), "crystal"):
        converged = row.outcome == "converged"
        rows.append(_with_dft(row, score.relaxed[row.id], python, version, cache) if converged else row)
    return replace(score, rows=rows)


def _with_dft(row: StabilityRow, atoms: Atoms, python: str, version: str, cache: Cache) -> StabilityRow:
    key = calculation_key(atoms, SCHEME, version, row.magnetic)
    result = cache.get(key)
    if result is None:
        try:
            energy = single_point(atoms, python, spin=row.magnetic)
        except RuntimeError as error:
            return replace(row, reason=f"dft: {error}")
        result = {"outcome": "single", "energy": energy}
        cache.put(key, result)
    return replace(row, dft_energy_per_atom=result["energy"] / len(atoms))
