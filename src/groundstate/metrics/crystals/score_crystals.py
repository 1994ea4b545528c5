"""``score crystals``: anybody's crystals against a reference set, with baselines that need no model."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from groundstate.crystals.structures import NamedStructure, read_part, read_structures
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystals.baselines import ideal_cubic, random_composition, replay
from groundstate.metrics.crystals.composition_validity import check_oxidation_list
from groundstate.metrics.crystals.crystal_set import CrystalSet, SetMaker
from groundstate.metrics.crystals.score import COLUMNS, definitions, score_crystals, score_halves
from groundstate.metrics.crystals.settings import ScoreCrystals
from groundstate.metrics.definition import CrystalMetric, as_json, check_names
from groundstate.potentials.interface import find_potential
from groundstate.records import Rejection, name_stage, write_rejected
from groundstate.seeds import derive_seed

BASELINES = {"replay": replay, "random_composition": random_composition, "ideal_cubic": ideal_cubic}


def score_crystal_files(
    structures: str | Path,
    reference: str | Path,
    output: str | Path,
    settings: ScoreCrystals,
    train: str | Path | None = None,
    splits: str | Path | None = None,
    oxidation_list: str = "smact14",
    cache: str | Path | None = None,
    workers: int = 1,
    seed: int = 0,
    metrics: Sequence[CrystalMetric] = (),
) -> dict:
    """Compare the crystals of a file with a reference set; write summary.json, crystals.csv, rejected.csv.

    Parameters
    ----------
    structures, reference, train
        Anything that ``read_structures`` reads; ``train`` is for novelty and baselines.
    output
        Folder.
    settings
        Cut-offs, numbers of crystals, the potential of the energies.
    splits
        Of the reference only the test part, of ``train`` the rest is used.
    oxidation_list
        Of composition validity.
    cache
        Folder of finished fingerprints and energies, which runs may share; by default in ``output``.
    workers
        Processes for these.
    seed
        Of draws, baselines and bootstrap intervals.
    metrics
        Metrics of the user's, over the crystals that can be read.

    Returns
    -------
    dict
        The summary.

    Raises
    ------
    GroundstateError
        Where a file cannot be used, or no crystal is left to compare with.
    """
    check_oxidation_list(oxidation_list)
    output = Path(output)
    folder = Path(cache) if cache is not None else output / ".fingerprints"
    potential = None if settings.energy_potential is None else find_potential(settings.energy_potential)
    identity = None if potential is None else potential.identity
    about = definitions(settings.cutoffs, oxidation_list, identity)
    check_names(metrics, [*about, *COLUMNS])
    make = SetMaker(folder, oxidation_list, potential, metrics, workers).make
    parts = None if splits is None else Path(splits)
    training: list[NamedStructure] | None = None
    bad_training: list[Rejection] = []
    if train is not None:
        training, bad_training = read_part(Path(train), parts, ("train", "validation"))
    test, bad = read_part(Path(reference), parts, ("test",))
    if not test:
        where = "" if splits is None else f" in the test part of {splits}"
        raise GroundstateError(f"{reference}: no crystal{where} to compare with")
    target = make("reference", _drawn(test, settings.max_reference, seed))
    scored = make("crystals", *read_structures(structures))
    summary, rows = score_crystals(scored, target, training, settings.cutoffs, seed)
    summary["definitions"] = about | as_json({one.name: one.definition for one in metrics}, len(about))
    summary["baselines"] = {}
    if settings.baseline_crystals:
        if len(target.crystals) > 1:
            summary["baselines"]["halves"] = score_halves(target, settings.cutoffs, seed)
        for name, crystals in _baseline_crystals(training or [], settings.baseline_crystals, seed).items():
            made: CrystalSet = make(name, crystals)
            summary["baselines"][name], _ = score_crystals(made, target, training, settings.cutoffs, seed)
    with atomic_path(output / "crystals.csv") as temporary:
        pd.DataFrame(rows, columns=None if rows else ["id"]).to_csv(temporary, index=False)
    unread = [*name_stage(bad, "read reference"), *name_stage(bad_training, "read train")]
    write_rejected(output / "rejected.csv", [*scored.rejections, *unread])
    write_json(output / "summary.json", summary)
    return summary


def _baseline_crystals(
    training: Sequence[NamedStructure], number: int, seed: int
) -> dict[str, list[NamedStructure]]:
    """Make the crystals of each baseline that the training set gives; none without one."""
    made = {name: make(training, number, seed) for name, make in BASELINES.items()} if training else {}
    return {name: crystals for name, crystals in made.items() if crystals}


def _drawn(crystals: list[NamedStructure], most: int | None, seed: int) -> list[NamedStructure]:
    """Choose ``most`` crystals by ``seed``, in their old order."""
    if most is None or most >= len(crystals):
        return crystals
    taken = np.random.default_rng(derive_seed(seed, "reference")).permutation(len(crystals))[:most]
    return [crystals[index] for index in sorted(taken.tolist())]
