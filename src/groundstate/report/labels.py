"""How metrics are named, which unit they have, and which direction is better."""

from typing import Literal, NamedTuple


class Label(NamedTuple):
    """The face of a metric in tables and plots."""

    text: str
    unit: str = ""
    better: Literal["lower", "higher", ""] = ""
    digits: int = 3

    @property
    def unit_text(self) -> str:
        """Unit and direction, for the first column of a table."""
        arrow = {"lower": "↓", "higher": "↑", "": ""}[self.better]
        return ", ".join(part for part in (self.unit, arrow) if part)


METRICS: dict[str, Label] = {
    # geometries against a reference
    "bond_mae": Label("Bond length MAE", "Å", "lower", 4),
    "angle_mae": Label("Bond angle MAE", "°", "lower", 2),
    "torsion_mae": Label("Torsion MAE", "°", "lower", 1),
    "mae": Label("D-MAE", "Å", "lower"),
    "rmse": Label("D-RMSE", "Å", "lower"),
    "mae_symmetric": Label("D-MAE, equivalent atoms renumbered", "Å", "lower"),
    "mae_heavy": Label("D-MAE, heavy atoms", "Å", "lower"),
    "rmse_heavy": Label("D-RMSE, heavy atoms", "Å", "lower"),
    "d_mae_n2": Label("D-MAE over n²", "Å", "lower"),
    "d_rmse_n2": Label("D-RMSE over n²", "Å", "lower"),
    "c_rmsd": Label("C-RMSD, heavy atoms", "Å", "lower"),
    # geometries by themselves
    "validity": Label("Validity", "%", "higher", 1),
    "validity3d": Label("Validity3D", "%", "higher", 1),
    "embeddability": Label("Embeddability", "%", "higher", 2),
    "connectivity": Label("Connectivity kept", "%", "higher", 1),
    "tetrahedral": Label("Tetrahedral centres right", "%", "higher", 1),
    "double_bond": Label("E/Z double bonds right", "%", "higher", 1),
    "stereo": Label("All stereo right", "%", "higher", 1),
    "mmff_strain": Label("MMFF94 strain", "kcal/mol", "lower", 2),
    "gfn2_strain": Label("GFN2-xTB strain", "kcal/mol", "lower", 2),
    "conformer_energy": Label("Above the best conformer (MMFF94)", "kcal/mol", "lower", 2),
    "bond_round_trip": Label("Bonds perceived right", "%", "higher", 1),
    "posebusters": Label("PoseBusters passed", "%", "higher", 1),
    # crystals: validity
    "structure_validity": Label("Structurally valid", "%", "higher", 1),
    "composition_validity": Label("Compositionally valid", "%", "higher", 1),
    "valid": Label("Both", "%", "higher", 1),
    # crystals: against a reference set
    "cov_recall": Label("Coverage, recall (COV-R)", "%", "higher", 1),
    "cov_precision": Label("Coverage, precision (COV-P)", "%", "higher", 1),
    "amsd_recall": Label("Nearest structure, recall (AMSD-R)", "", "lower"),
    "amsd_precision": Label("Nearest structure, precision (AMSD-P)", "", "lower"),
    "amcd_recall": Label("Nearest composition, recall (AMCD-R)", "", "lower", 2),
    "amcd_precision": Label("Nearest composition, precision (AMCD-P)", "", "lower", 2),
    "density_emd": Label("Density, earth mover's distance", "g/cm³", "lower"),
    "elements_emd": Label("Number of elements, earth mover's distance", "", "lower"),
    "energy_emd": Label("Formation energy, earth mover's distance", "eV/atom", "lower"),
    "structure_diversity": Label("Diversity of structures", "", "", 2),
    "composition_diversity": Label("Diversity of compositions", "", "", 2),
    "reference": Label("Reference crystals", "", "", 0),
    # crystals: structure prediction
    "match_rate": Label("Match rate, one sample", "%", "higher", 1),
    "match_rmse": Label("RMSE of matches, one sample", "", "lower"),
    "match_rate_k": Label("Match rate, k samples", "%", "higher", 1),
    "match_rmse_k": Label("RMSE of matches, k samples", "", "lower"),
    "match_rate_unfiltered": Label("Match rate, one sample, valid or not", "%", "higher", 1),
    "match_rate_k_unfiltered": Label("Match rate, k samples, valid or not", "%", "higher", 1),
    "samples": Label("Samples a crystal (k)", "", "", 0),
    # crystals: stability
    "scored": Label("Relaxed or refused", "crystals", "", 0),
    "classes.converged": Label("– converged", "crystals", "", 0),
    "classes.not_converged": Label("– out of steps", "crystals", "", 0),
    "classes.rejected_geometry": Label("– refused: could not be a crystal", "crystals", "", 0),
    "classes.collapsed": Label("– collapsed while relaxing", "crystals", "", 0),
    "classes.failed": Label("– failed in the potential", "crystals", "", 0),
    "classes.not_scored": Label("Not taken up (limits on number and size)", "crystals", "", 0),
    "converged": Label("Converged", "%", "higher", 1),
    "stable_0mev": Label("On the partial hull", "%", "higher", 1),
    "stable_25mev": Label("At most 0.025 eV/atom above it", "%", "higher", 1),
    "stable_100mev": Label("At most 0.1 eV/atom above it", "%", "higher", 1),
    "stable_0mev_before": Label("On the partial hull, before relaxing", "%", "higher", 1),
    "stable_25mev_before": Label("At most 0.025 eV/atom, before relaxing", "%", "higher", 1),
    "stable_100mev_before": Label("At most 0.1 eV/atom, before relaxing", "%", "higher", 1),
    "unique": Label("Unique", "%", "higher", 1),
    "novel": Label("Novel", "%", "higher", 1),
    "unique_before": Label("Unique, before relaxing", "%", "higher", 1),
    "novel_before": Label("Novel, before relaxing", "%", "higher", 1),
    "sun_0mev": Label("Stable, unique and novel at 0", "%", "higher", 1),
    "sun_0mev_before": Label("Stable, unique and novel at 0, before relaxing", "%", "higher", 1),
    "sun_25mev": Label("Stable, unique and novel at 0.025 eV/atom", "%", "higher", 1),
    "sun_25mev_before": Label("Stable, unique and novel at 0.025 eV/atom, before relaxing", "%", "higher", 1),
    "sun_100mev": Label("Stable, unique and novel at 0.1 eV/atom", "%", "higher", 1),
    "sun_100mev_before": Label("Stable, unique and novel at 0.1 eV/atom, before relaxing", "%", "higher", 1),
    "median_formation_energy_per_atom": Label("Formation energy, median", "eV/atom", "lower"),
    "median_energy_above_hull": Label("Energy above partial hull, median", "eV/atom", "lower"),
    "median_relaxation_energy": Label("Energy gained by relaxing, median", "eV/atom", "lower"),
    "median_displacement": Label("Displacement by relaxing, median", "Å", "lower"),
    "hull_incomplete": Label("Without a competing compound", "crystals", "", 0),
    "magnetic": Label("With magnetic elements (no spin in the potential)", "crystals", "", 0),
    "f_electron": Label("With f electrons", "crystals", "", 0),
    # crystals: against controls, and a second potential
    "control_converged": Label("Converged, control", "%", "", 1),
    "convergence_difference": Label("Converged, minus control", "%", "higher", 1),
    **{
        f"{who}number_stable_{bar}mev": Label(f"{text} {at}", "crystals", "", 0)
        for bar, at in (("0", "at 0"), ("25", "at 0.025 eV/atom"), ("100", "at 0.1 eV/atom"))
        for who, text in (("", "Number stable"), ("control_", "Number stable, control,"))
    },
    "compositions": Label("Compositions in common", "", "", 0),
    "mean_difference": Label("Formation energy minus theirs, mean", "eV/atom", "lower"),
    "share_lower": Label("Compositions where it is lower", "%", "higher", 1),
    "share_equal": Label("Compositions where it is equal", "%", "", 1),
    "mean_absolute_difference_formation_energy_per_atom": Label(
        "Formation energy, mean difference", "eV/atom"
    ),
    "mean_absolute_difference_energy_above_hull": Label("Energy above hull, differs by", "eV/atom"),
    **{
        f"{who}_stable_{bar}mev": Label(f"{text} {at}", "%", "higher", 1)
        for who, text in (("both", "Both call it stable"), ("same", "Both say the same"))
        for bar, at in (("0", "at 0"), ("25", "at 0.025 eV/atom"), ("100", "at 0.1 eV/atom"))
    },
    # counts
    "n": Label("Structures", "", "", 0),
    "failed": Label("Failed", "", "", 0),
    "missing": Label("Missing", "", "", 0),
    "extra": Label("Without a reference of their id", "", "", 0),
    "reordered": Label("Matched after reordering atoms", "", "", 0),
}
COUNTS = ("n", "failed", "missing", "extra", "reordered")  # the last rows of every table

# columns of the tables with one row a structure
COLUMNS: dict[str, Label] = {
    "energy_above_hull": Label("Above partial hull", "eV/atom", "lower"),
    "formation_energy_per_atom": Label("Formation energy", "eV/atom", "lower"),
    "decomposition_energy": Label("Decomposition energy", "eV/atom", "lower"),
    "volume_ratio": Label("Volume ratio"),
    "displacement": Label("Displacement", "Å"),
    "reference_phases": Label("Phases on hull", digits=0),
    "max_force": Label("Largest force", "eV/Å"),
    "steps": Label("Steps", digits=0),
    "atoms": Label("Atoms", digits=0),
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
}
REFERENCES = (
    "training_replay",
    "halves",
    "replay",
    "dft",
    "data",
)  # what the models are measured by: no contestants

# captions of the further tables of a score
GROUPS = {
    "against_random_search": "Against random search, over crystals and compositions that both have.",
    "against_prototypes": "Against prototype substitution, likewise.",
    "agreement": "Agreement of the second potential with the first, over all scored crystals.",
}


def baseline_order(name: str) -> tuple[int, str]:
    """Sort key of baselines: known ones in the order of ``BASELINES``, then the others by name."""
    known = list(BASELINES)
    return (known.index(name) if name in known else len(known), name)


def label_of(key: str) -> Label:
    """Label of a metric; an unknown one is shown under its own key, in its own unit."""
    known = METRICS.get(key) or COLUMNS.get(key)
    return known or Label(key.replace("_", " ").replace(".", ": ").capitalize(), digits=4)


def number(value: float, label: Label) -> str:
    """A number as the table shows it: shares as percent, counts whole, a true minus sign."""
    if label.unit == "%":
        value *= 100
    if label.digits == 0 and float(value).is_integer():
        text = f"{value:,.0f}"
    else:
        text = f"{value:,.{max(label.digits, 1)}f}"
    return text.replace("-", "−")
