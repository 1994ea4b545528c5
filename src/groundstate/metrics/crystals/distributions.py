"""Earth mover's distance of a property of valid generated crystals to that of the reference (CDVAE)."""

import numpy as np
from scipy.stats import wasserstein_distance

from groundstate.seeds import derive_seed

DRAW, DRAWS = 1000, 20


def definitions(potential: str | None = None) -> dict[str, dict[str, str]]:
    """Name, version and source of each metric; that of energies if the ``potential`` is said."""
    properties = {"density": "density, g/cm3", "elements": "number of different elements"}
    if potential is not None:
        properties["energy"] = f"formation energy, eV/atom, by {potential} as generated (CDVAE: own network)"
    source = (
        "CDVAE (Xie et al., ICLR 2022), scripts/compute_metrics.py: 1-Wasserstein distance of the {} of {} "
        "valid crystals drawn without replacement to that of the whole reference"
    )
    return {
        f"{key}_emd": {
            "name": f"EMD of {text}",
            "version": "cdvae-f857f59, mean of seeded draws",
            "source": source.format(text, DRAW)
            + f"; mean of {DRAWS} seeded draws and the interval of single draws (CDVAE: one draw, unseeded); "
            "of fewer valid crystals all are drawn",
        }
        for key, text in properties.items()
    }


def drawn_distances(
    values: np.ndarray, reference: np.ndarray, seed: int, draw: int = DRAW, draws: int = DRAWS
) -> np.ndarray:
    """Wasserstein distances (draws,) of ``draw`` values, drawn without replacement, to all of ``reference``.

    One distance where there are no more than ``draw`` values; NaN where a side is empty.
    """
    if len(values) == 0 or len(reference) == 0:
        return np.array([np.nan])
    if len(values) <= draw:
        return np.array([wasserstein_distance(values, reference)])
    generators = (np.random.default_rng(derive_seed(seed, "draw", index)) for index in range(draws))
    return np.array(
        [
            wasserstein_distance(generator.choice(values, draw, replace=False), reference)
            for generator in generators
        ]
    )
