"""``groundstate score crystals``: validity, coverage, distributions, uniqueness and novelty."""

from pathlib import Path
from typing import Annotated

import numpy as np
import pandas as pd
import typer

from groundstate.crystals.structures import NamedStructure, read_part, read_structures
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystals.baselines import ideal_cubic, random_composition, replay
from groundstate.metrics.crystals.composition_validity import OXIDATION_LISTS
from groundstate.metrics.crystals.fingerprints import fingerprints
from groundstate.metrics.crystals.score import CrystalSet, definitions, score_crystals, score_halves
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.metrics.crystals.validity import score_validity
from groundstate.potentials.formation import formation_energies
from groundstate.potentials.interface import find_potential
from groundstate.records import Rejection, write_rejected
from groundstate.seeds import derive_seed
from groundstate.settings import parse_settings

BASELINES = {"replay": replay, "random_composition": random_composition, "ideal_cubic": ideal_cubic}


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CSV with CIFs, records or a folder of CIF files")],
    reference: Annotated[Path, typer.Option(help="crystals to compare with, such as a test set")],
    output: Annotated[Path, typer.Option(help="folder for summary.json, crystals.csv, rejected.csv")],
    train: Annotated[Path | None, typer.Option(help="training crystals: novelty and baselines")] = None,
    splits: Annotated[
        Path | None, typer.Option(help="of --reference only the test part, of --train the rest is used")
    ] = None,
    cutoffs: Annotated[str | None, typer.Option(help="overrides the setting of this name")] = None,
    oxidation_list: Annotated[str, typer.Option(help=f"one of {', '.join(OXIDATION_LISTS)}")] = "smact14",
    settings: Annotated[str, typer.Option(help="JSON with the settings of the stage")] = "{}",
    cache: Annotated[Path | None, typer.Option(help="folder of finished fingerprints, may be shared")] = None,
    workers: Annotated[int, typer.Option(min=1, help="processes for the fingerprints")] = 1,
    seed: Annotated[int, typer.Option(help="of draws, baselines and the bootstrap intervals")] = 0,
) -> None:
    """Compare crystals with a reference set by CDVAE's measures, beside baselines."""
    chosen = parse_settings(ScoreCrystals, settings)
    if cutoffs is not None:
        chosen = ScoreCrystals.model_validate(chosen.model_dump() | {"cutoffs": cutoffs})
    if oxidation_list not in OXIDATION_LISTS:
        raise GroundstateError(
            f"--oxidation-list: unknown {oxidation_list!r}; allowed: {', '.join(OXIDATION_LISTS)}"
        )
    folder = cache if cache is not None else output / ".fingerprints"
    potential = None if chosen.energy_potential is None else find_potential(chosen.energy_potential)

    def complete(
        name: str, crystals: list[NamedStructure], rejections: list[Rejection] | None = None
    ) -> CrystalSet:
        found = [crystal.structure for crystal in crystals]
        prints = fingerprints(found, folder, workers, f"fingerprints, {name}")
        energies = None
        if potential is not None:
            energies = formation_energies(found, potential, folder / "energies", workers, f"energies, {name}")
        validity = score_validity(crystals, [], oxidation_list)
        return CrystalSet(crystals, rejections or [], validity, prints, energies)

    known = None if train is None else read_part(train, splits, ("train", "validation"))
    test = _drawn(read_part(reference, splits, ("test",)), chosen.max_reference, seed)
    if not test:
        where = "" if splits is None else f" in the test part of {splits}"
        raise GroundstateError(f"{reference}: no crystal{where} to compare with")
    against = complete("reference", test)
    found = complete("crystals", *read_structures(structures))
    summary, rows = score_crystals(found, against, known, chosen.cutoffs, seed)
    identity = None if potential is None else potential.identity
    summary["definitions"] = definitions(chosen.cutoffs, oxidation_list, identity)
    summary["baselines"] = {}
    if chosen.baseline_crystals:
        if len(test) > 1:
            summary["baselines"]["halves"] = score_halves(against, chosen.cutoffs, seed)
        for name, make in BASELINES.items() if known else ():
            crystals = make(known, chosen.baseline_crystals, seed)
            if crystals:
                made = complete(name, crystals)
                summary["baselines"][name], _ = score_crystals(made, against, known, chosen.cutoffs, seed)
    with atomic_path(output / "crystals.csv") as temporary:
        columns = None if rows else ["id"]
        pd.DataFrame(rows, columns=columns).to_csv(temporary, index=False)
    write_rejected(output / "rejected.csv", found.rejections)
    write_json(output / "summary.json", summary)


def _drawn(crystals: list[NamedStructure], most: int | None, seed: int) -> list[NamedStructure]:
    """A seeded choice of ``most`` crystals in their old order."""
    if most is None or most >= len(crystals):
        return crystals
    taken = np.random.default_rng(derive_seed(seed, "reference")).permutation(len(crystals))[:most]
    return [crystals[index] for index in sorted(taken.tolist())]
