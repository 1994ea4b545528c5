"""``groundstate score stability``: relax anybody's crystals and place them on a hull."""

from pathlib import Path
from typing import Annotated

import ase.io
import pandas as pd
import typer
from ase.data import atomic_numbers

from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystal_files import NamedStructure, read_structures
from groundstate.metrics.stability import StabilityRow, summarise_stability
from groundstate.potentials.cache import Cache
from groundstate.potentials.describe import definitions, describe_hull
from groundstate.potentials.entries import is_entry_file, read_entries
from groundstate.potentials.interface import find_potential
from groundstate.potentials.settings import ScoreStability
from groundstate.potentials.stability import StabilityScore, choose, score_stability
from groundstate.records import Rejection, write_rejected
from groundstate.settings import parse_settings


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CSV with CIFs, records or a folder of CIF files")],
    output: Annotated[Path, typer.Option(help="folder for the tables and the relaxed crystals")],
    reference: Annotated[
        list[Path], typer.Option(help="known phases: crystals, or ComputedEntry JSON; may be repeated")
    ] = [],  # noqa: B006
    potential: Annotated[str | None, typer.Option(help="overrides the setting of this name")] = None,
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished calculations, may be shared")] = None,
    seed: Annotated[int, typer.Option(help="of the bootstrap intervals")] = 0,
) -> None:
    """Relax crystals with a universal potential; formation energy, energy above hull, stability rates."""
    chosen = parse_settings(ScoreStability, settings)
    if potential is not None:
        chosen = chosen.model_copy(update={"potential": potential})
    source = find_potential(chosen.potential, chosen.potential_arguments, chosen.potential_scheme)
    entry_files = [path for path in reference if is_entry_file(path)]
    crystals, unreadable = read_structures(structures)
    systems = _systems(crystals, chosen)
    phases, bad_phases = _read_phases([path for path in reference if path not in entry_files], systems)
    entries = [entry for path in entry_files for entry in read_entries(path, systems)]
    store = Cache(cache if cache is not None else output / "cache")
    score = score_stability(crystals, phases, entries, source, chosen, store)
    score.rows += [StabilityRow(name, outcome="rejected_geometry", reason=why) for name, _, why in unreadable]
    summary = summarise_stability(score.rows, chosen.thresholds, seed)
    summary |= {
        "definitions": definitions(source, chosen),
        "hull": describe_hull(score, phases, entries, source),
    }
    _write(output, score, summary, bad_phases)


def _systems(crystals: list[NamedStructure], settings: ScoreStability) -> set[frozenset[str]]:
    scored = {row.id for row in choose(crystals, settings) if row.outcome == "waiting"}
    return {
        frozenset(element.symbol for element in structure.composition)
        for name, structure in crystals
        if name in scored
    }


def _read_phases(
    paths: list[Path], systems: set[frozenset[str]]
) -> tuple[list[NamedStructure], list[Rejection]]:
    """Reference phases of the needed systems; ids are prefixed where two files would share one."""
    numbers = [frozenset(atomic_numbers[symbol] for symbol in system) for system in systems]
    found: dict[str, NamedStructure] = {}
    bad: list[Rejection] = []
    for path in paths:
        phases, rejections = read_structures(path, numbers)
        bad += rejections
        for name, structure in phases:
            unused = name if name not in found else f"{path.name}:{name}"
            if unused in found:
                raise GroundstateError(f"{path}: is given twice as a reference")
            found[unused] = NamedStructure(unused, structure)
    return list(found.values()), bad


def _write(output: Path, score: StabilityScore, summary: dict, bad_phases: list[Rejection]) -> None:
    table = pd.DataFrame([row.as_dict() for row in score.rows])
    with atomic_path(output / "crystals.csv") as temporary:
        table.to_csv(temporary, index=False)
    with atomic_path(output / "crystals.parquet") as temporary:
        table.to_parquet(temporary, index=False)
    frames = []
    for row in score.rows:
        if row.id in score.relaxed:
            atoms = score.relaxed[row.id]
            atoms.info = {"id": row.id, "class": row.outcome}
            if row.formation_energy_per_atom is not None:
                atoms.info["formation_energy_per_atom"] = row.formation_energy_per_atom
            frames.append(atoms)
    with atomic_path(output / "relaxed.extxyz") as temporary:
        temporary.touch()
        if frames:
            ase.io.write(temporary, frames, format="extxyz")
    rejected = [
        Rejection(row.id, row.outcome, row.reason) for row in score.rows if row.id not in score.relaxed
    ]
    write_rejected(output / "rejected.csv", rejected)
    write_rejected(output / "rejected_references.csv", [*bad_phases, *score.reference_failures])
    write_json(output / "summary.json", summary)
