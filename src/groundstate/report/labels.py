"""Names of baselines and of further tables; what a metric is called stands in its definition."""

from collections.abc import Mapping

from groundstate.metrics.definition import Definition, definition_of

OWN = "groundstate"
# columns of tables with one row per structure that are no metric of the set
COLUMNS = {
    "volume_ratio": Definition("volume after over volume before relaxing", OWN, label="Volume ratio"),
    "space_group": Definition("space group, relaxed", OWN, label="Space group"),
    "initial_space_group": Definition("before relaxing", OWN, label="Space group as generated"),
    "displacement": Definition("root mean square displacement by relaxing", OWN, "Å", label="Displacement"),
    "reference_phases": Definition("phases of its system", OWN, label="Phases on hull", digits=0),
    "max_force": Definition("largest force", OWN, "eV/Å", label="Largest force"),
    "steps": Definition("steps of the relaxation", OWN, label="Steps", digits=0),
    "atoms": Definition("atoms", OWN, label="Atoms", digits=0),
}

# baselines in the order of their columns
BASELINES = {
    "mmff": "ETKDGv3 + MMFF94",
    "lowest": "ETKDGv3 + MMFF94, lowest",
    "mmff-lowest": "ETKDGv3 + MMFF94, lowest",
    "etkdg": "ETKDGv3",
    "etkdg-nostereo": "ETKDGv3, stereo unknown",
    "xtb": "GFN2-xTB",
    "random_search": "random search",
    "prototypes": "prototype substitution",
    "training_replay": "training replay",
    "halves": "test set, half against half",
    "replay": "training replay",
    "random_composition": "random composition, training geometry",
    "ideal_cubic": "ideal cubic cell",
    "template": "ideal cubic cell, cations placed blindly",
    "dft": "DFT",
    "data": "data set",
    "constant": "zero forces, mean energy",
}
# what the models are measured by: no contestants
REFERENCES = ("training_replay", "halves", "replay", "dft", "data")
TRUTHS = ("dft", "data")  # a measure by which these look worst has no better direction

# captions of the further tables of a score
GROUPS = {
    "against_random_search": "Against random search, over crystals and compositions that both have.",
    "against_prototypes": "Against prototype substitution, over crystals and compositions that both have.",
    "complete_hulls": "Over crystals of chemical systems whose hull is complete.",
    "dynamics": "Harmonic stability of crystals near the hull, by finite displacements with the potential.",
    "agreement": "Agreement of the second potential with the first, over all scored crystals.",
    "error_estimate": "The error that a model expects of each of its geometries (error estimate, in Å: the "
    "RMSD of its heavy atoms), beside the error that the geometry has.",
}


def baseline_order(name: str) -> tuple[int, str]:
    """Sort baselines: those of ``BASELINES`` in its order, then the others by name."""
    names = list(BASELINES)
    return (names.index(name) if name in names else len(names), name)


def define(key: str, definitions: Mapping[str, dict]) -> Definition:
    """Give the definition that a score states, or that of a column, or a bare one under its own key."""
    if key not in definitions and key in COLUMNS:
        return COLUMNS[key]
    return definition_of(key, definitions)
