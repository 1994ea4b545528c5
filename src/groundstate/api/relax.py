"""Nearest minima of molecules and crystals: ``groundstate.relax``."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from ase import Atoms

from groundstate.api.crystals import crystals_of
from groundstate.api.inputs import is_crystal, molecule_of, named
from groundstate.api.tables import table
from groundstate.crystals.structures import to_structure
from groundstate.errors import GroundstateError
from groundstate.ground_states.relax_file import relax_named
from groundstate.molecular_potentials.interface import find_molecular_potential
from groundstate.molecular_potentials.settings import RelaxMolecules
from groundstate.molecules.mols import RecordError
from groundstate.potentials.atoms import to_atoms
from groundstate.potentials.atoms import to_structure as structure_of
from groundstate.potentials.cache import Cache
from groundstate.potentials.calculations import Calculations, Job
from groundstate.potentials.guards import geometry_fault, volume_fault
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import RelaxSettings
from groundstate.progress import Progress
from groundstate.records import Rejection

MOLECULES = {
    "id": "id of the molecule",
    "mol": "RDKit molecule with the relaxed geometry, angstrom",
    "energy_ev": "energy of the minimum, eV",
    "energy_drop_kcal": "how far the energy fell, kcal/mol",
    "largest_force": "largest force on an atom at the end, eV/angstrom",
    "method": "potential and level of theory; none: the geometry was not moved",
    "flag": "why the minimum is not to be trusted, or was not taken",
}
CRYSTALS = {
    "id": "id of the crystal",
    "structure": "pymatgen Structure, relaxed with its cell",
    "energy_per_atom": "energy of the relaxed crystal by the potential, eV/atom",
    "energy_drop_per_atom": "how far the energy fell, eV/atom",
    "volume_ratio": "volume after over volume before",
    "largest_force": "largest force on an atom at the end, eV/angstrom",
    "steps": "steps of the optimiser",
    "flag": "why the crystal is not to be trusted",
}


def relax(
    structures: object,
    *,
    potential: str | None = None,
    fmax: float | None = None,
    max_steps: int | None = None,
    workers: int = 0,
    cache: str | Path | None = None,
    device: str = "cpu",
) -> pd.DataFrame:
    """Relax molecules or crystals to the nearest minimum of a potential.

    Parameters
    ----------
    structures
        RDKit molecules with a geometry, pymatgen structures or molecules, ASE atoms: one, a list, or a
        mapping of id to structure. All molecules, or all crystals.
    potential
        Molecules: ``aimnet2`` (default), ``gfn2-xtb``, ``mmff94``. Crystals: ``sevennet-0`` (default),
        ``chgnet``, ..., the ``best.ckpt`` of a trained potential. Or ``package.module:Object``.
    fmax
        Largest force of a minimum, eV/angstrom; default 0.02 for molecules, 0.05 for crystals.
    max_steps
        Energies (molecules, default 400) or steps (crystals, default 500) after which one is not converged.
    workers
        Processes for crystals; 0 is this one. No effect on results.
    cache
        Folder of finished relaxations of crystals; None keeps nothing.
    device
        ``cpu`` or ``cuda``, of AIMNet2.

    Returns
    -------
    pandas.DataFrame
        One row a structure that could be relaxed; ``flag`` says where a minimum is not converged, or where a
        molecule would have changed its bonds or stereo and was not moved. ``attrs`` as of ``predict``.

    Raises
    ------
    GroundstateError
        Where nothing could be relaxed, and for a potential that is not there.

    Examples
    --------
    >>> import groundstate
    >>> minima = groundstate.relax(groundstate.predict("CCO").mol)  # doctest: +SKIP
    """
    things = list(named(structures, "structure"))
    crystals = [is_crystal(thing) for _, thing in things]
    if not things:
        raise GroundstateError("there is no structure to relax")
    if any(crystals) and not all(crystals):
        raise GroundstateError("molecules and crystals together: relax them in two calls")
    limits: dict[str, Any] = {} if fmax is None else {"fmax": fmax}
    if not crystals[0]:
        limits |= {} if max_steps is None else {"max_calls": max_steps}
        return _molecules(things, potential or "aimnet2", RelaxMolecules(**limits), device)
    limits |= {} if max_steps is None else {"max_steps": max_steps}
    return _crystals(things, potential or "sevennet-0", RelaxSettings(**limits), workers, cache)


def _molecules(
    things: list[tuple[str, Any]], name: str, settings: RelaxMolecules, device: str
) -> pd.DataFrame:
    potential = find_molecular_potential(name, device)
    progress = Progress(f"relax ({potential.title})", len(things), "structures")
    inputs: list[tuple[str, Any, dict[str, object]]] = []
    for key, thing in things:
        try:
            inputs.append((key, molecule_of(thing), {}))
        except RecordError as error:
            inputs.append((key, error, {}))
    rows, rejections = [], []
    for result in relax_named(inputs, potential, settings, progress.update):
        if result.mol is None:
            rejections.append(Rejection(result.id, "relax", str(result.properties["reason"])))
            continue
        numbers = ("energy_ev", "energy_drop_kcal", "largest_force")
        values = {key: float(str(result.properties[key])) for key in numbers}
        rows.append({"id": result.id, "mol": result.mol, **result.properties, **values})
    return table(rows, MOLECULES, rejections, potential=potential.identity)


def _crystals(
    things: list[tuple[str, Any]], name: str, settings: RelaxSettings, workers: int, cache: str | Path | None
) -> pd.DataFrame:
    potential = find_potential(name)
    crystals, rejections = crystals_of(things)
    starts = {}
    for crystal in crystals:
        atoms = to_atoms(to_structure(crystal))
        if reason := geometry_fault(atoms, settings):
            rejections.append(Rejection(crystal.id, "relax", reason))
        else:
            starts[crystal.id] = atoms
    with contextlib.ExitStack() as stack:
        folder = cache or stack.enter_context(tempfile.TemporaryDirectory())
        calculations = Calculations(potential, Cache(Path(folder)), settings, workers)
        results = calculations.run({Job("relax", key): one for key, one in starts.items()}, f"relax ({name})")
    rows = []
    for key, start in starts.items():
        result = results[Job("relax", key)]
        if result["outcome"] == "failed":
            rejections.append(Rejection(key, "relax", result["reason"]))
            continue
        after = Atoms(start.numbers, positions=result["positions"], cell=result["cell"], pbc=True)
        flag = volume_fault(start.get_volume(), after.get_volume(), settings) or geometry_fault(
            after, settings
        )
        if flag is None and result["outcome"] != "converged":
            flag = f"{result['outcome'].replace('_', ' ')} after {result['steps']} steps"
        drop = (result["initial_energy"] - result["energy"]) / len(after)
        structure = structure_of(after)
        structure.properties["id"] = key
        rows.append(
            {
                "id": key,
                "structure": structure,
                "energy_per_atom": result["energy"] / len(after),
                "energy_drop_per_atom": drop,
                "volume_ratio": after.get_volume() / start.get_volume(),
                "largest_force": result["force"],
                "steps": result["steps"],
                "flag": flag,
            }
        )
    return table(rows, CRYSTALS, rejections, potential=potential.identity)
