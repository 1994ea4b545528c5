"""Earth mover's distance of a property of valid generated crystals to that of the reference (CDVAE)."""

import numpy as np
from scipy.stats import wasserstein_distance

from groundstate.metrics.definition import Definition
from groundstate.seeds import derive_seed

DRAW, DRAWS = 1000, 20


def definitions(potential: str | None = None) -> dict[str, Definition]:
    """Define each metric; that of energies only where the ``potential`` is said."""
    properties = {
        "density": ("density", "g/cm³", "Density"),
        "elements": ("number of different elements", "", "Number of elements"),
    }
    if potential is not None:
        text = f"formation energy, by {potential} as generated (CDVAE: own network)"
        properties["energy"] = text, "eV/atom", "Formation energy"
    return {
        f"{key}_emd": Definition(
            f"1-Wasserstein distance of the {text} of {DRAW} valid crystals drawn without replacement to "
            f"that of the whole reference; mean of {DRAWS} seeded draws and the interval of single draws "
            "(CDVAE: one draw, unseeded); of fewer valid crystals all are drawn",
            "CDVAE (Xie et al., ICLR 2022), scripts/compute_metrics.py",
            unit,
            "lower",
            f"{label}, earth mover's distance",
            "cdvae-f857f59, mean of seeded draws",
        )
        for key, (text, unit, label) in properties.items()
    }


def drawn_distances(
    values: np.ndarray, reference: np.ndarray, seed: int, draw: int = DRAW, draws: int = DRAWS
) -> np.ndarray:
    """Measure Wasserstein distances (draws,) of ``draw`` values, drawn without replacement, to ``reference``.

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
