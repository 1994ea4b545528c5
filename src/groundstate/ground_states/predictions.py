"""Choose among a model's geometries by energy: what ``predict geometry --level`` does after the network."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np

from groundstate.ground_states.levels import Level, RankedGeometry, rank_molecules
from groundstate.molecular_potentials.interface import MolecularPotential
from groundstate.molecules.conformers.choice import NO_PARAMETERS
from groundstate.molecules.models.predict import PredictedMolecule
from groundstate.molecules.mols import set_positions
from groundstate.processes import chunked

BATCH = 32  # molecules whose geometries are ranked at one time


def chosen_by_energy(
    predictions: Iterable[Sequence[PredictedMolecule]],
    level: Level,
    potentials: Sequence[MolecularPotential],
    num_geometries: int,
    window: float | None = None,
) -> Iterator[list[PredictedMolecule]]:
    """Rank the geometries of each molecule by energy (see ``levels.rank_molecules``), best first.

    A molecule whose prediction failed is passed on as it is; but ``thorough`` relaxes an embedding that no
    force field could minimise, and it has failed only where that gives no minimum. Every geometry says its
    ``method``, its ``relative_energy_kcal`` above the best and, where not all went as asked, an
    ``energy_note``.

    Parameters
    ----------
    num_geometries
        Most geometries per molecule.
    window
        Geometries further above the best, kcal/mol, are left out; None keeps all.
    """
    for batch in chunked(predictions, BATCH):
        sound = [
            index
            for index, (first, *_) in enumerate(batch)
            if first.failed is None or (level == "thorough" and NO_PARAMETERS in first.failed)
        ]
        molecules = [
            (batch[index][0].mol, [one.mol.GetConformer().GetPositions() for one in batch[index]])
            for index in sound
        ]
        ranks = dict(zip(sound, rank_molecules(molecules, level, potentials), strict=True))
        for index, predicted in enumerate(batch):
            if index not in ranks:
                yield list(predicted[:num_geometries])
                continue
            near = [one for one in ranks[index] if window is None or (one.relative or 0.0) <= window]
            yield [_moved(predicted, one, rank) for rank, one in enumerate(near[:num_geometries], 1)]


def _moved(predicted: Sequence[PredictedMolecule], ranked: RankedGeometry, rank: int) -> PredictedMolecule:
    """Give the prediction that ``ranked`` came from its geometry, rank and energy."""
    source = predicted[ranked.candidate]
    properties = source.properties | {"rank": rank, "method": ranked.method}
    if ranked.relative is not None:
        properties["relative_energy_kcal"] = f"{ranked.relative:.3f}"
    if ranked.note:
        properties["energy_note"] = ranked.note
    failed = source.failed
    if ranked.method.endswith(" minimum"):
        failed = None
        properties.pop("failed", None)
    mol = set_positions(source.mol, np.asarray(ranked.positions))
    return source._replace(mol=mol, properties=properties, failed=failed)
