"""What each geometry metric is; the order is that of the columns of ``molecules.csv``."""

from groundstate.metrics.definition import SHARE, Definition

MOLECULE3D = "Molecule3D, arXiv 2110.01717"
GTMGC = "GTMGC, ICLR 2024"
OWN = "groundstate"


def _error(text: str, label: str, unit: str = "Å", digits: int = 3, source: str = OWN) -> Definition:
    return Definition(text, source, unit, "lower", label, digits=digits)


def _share(text: str, label: str, source: str = OWN, digits: int = 1) -> Definition:
    return Definition(text, source, SHARE, "higher", label, digits=digits)


def _energy(text: str, label: str, source: str = OWN, method: str = "MMFF94") -> Definition:
    biased = f"lowest for whatever {method} made: no direction"
    return Definition(f"{text}, mean; {biased}", source, "kcal/mol", None, f"{label}, mean", digits=2)


def _count(text: str, label: str) -> Definition:
    return Definition(text, OWN, label=label, digits=0)


DEFINITIONS = {
    "mae": _error("MAE of distances over ordered pairs, pooled", "D-MAE", source=MOLECULE3D),
    "rmse": _error("RMSE of distances over ordered pairs, pooled", "D-RMSE", source=MOLECULE3D),
    "validity": _share("share with no negative Gram eigenvalue (4e-4)", "Validity", MOLECULE3D),
    "validity3d": _share("share valid and with at most three eigenvalues", "Validity3D", MOLECULE3D),
    "d_mae_n2": _error(
        "D-MAE over n^2 entries, zeros of the diagonal counted", "D-MAE over n²", source=GTMGC
    ),
    "d_rmse_n2": _error("D-RMSE over n^2 entries", "D-RMSE over n²", source=GTMGC),
    "c_rmsd": _error("heavy-atom best RMSD, mean over molecules", "C-RMSD, heavy atoms", source=GTMGC),
    "mae_symmetric": _error("MAE after renumbering equivalent atoms", "D-MAE, equivalent atoms renumbered"),
    "mae_heavy": _error("MAE of distances between heavy atoms", "D-MAE, heavy atoms"),
    "rmse_heavy": _error("RMSE of distances between heavy atoms", "D-RMSE, heavy atoms"),
    "bond_mae": _error("MAE of bond lengths, pooled", "Bond length MAE", digits=4),
    "angle_mae": _error("MAE of bond angles, pooled", "Bond angle MAE", "°", 2),
    "torsion_mae": _error("MAE of proper torsions, pooled", "Torsion MAE", "°", 1),
    "embeddability": _share("spectral mass that three dimensions hold, mean", "Embeddability", digits=2),
    "connectivity": _share("share whose contacts below 1.2 radii sums are the bonds", "Connectivity kept"),
    "tetrahedral": _share(
        "share of the marked tetrahedral centres that are right", "Tetrahedral centres right"
    ),
    "double_bond": _share("share of the marked E/Z bonds that are right", "E/Z double bonds right"),
    "stereo": _share("share of the molecules with all stereo right", "All stereo right"),
    "mmff_strain": _energy("MMFF94 energy above the nearest minimum", "MMFF94 strain"),
    "bond_round_trip": _share(
        "slow: share whose bonds RDKit perceives right", "Bonds perceived right", "RDKit DetermineBonds"
    ),
    "posebusters": _share(
        "slow: share that passes all mol_fast checks", "PoseBusters passed", "PoseBusters 0.6"
    ),
    "gfn2_strain": _energy(
        "slow: GFN2-xTB energy above the nearest minimum", "GFN2-xTB strain", "tblite", "GFN2-xTB"
    ),
    "conformer_energy": _energy(
        "slow: its MMFF94 minimum above the best of 20 ETKDGv3 conformers",
        "Above the best conformer (MMFF94)",
    ),
}
ROOTS = frozenset({"rmse", "d_rmse_n2", "rmse_heavy"})  # whose pooled value is the root of a mean square
MEDIANS = ("mmff_strain", "gfn2_strain", "conformer_energy")  # whose mean one broken geometry decides
MEDIAN_DEFINITIONS = {
    f"median_{name}": Definition(
        about.text.replace(", mean", ", median over molecules"),
        about.source,
        about.unit,
        about.direction,
        about.label.replace(", mean", ", median"),
        digits=about.digits,
    )
    for name, about in ((name, DEFINITIONS[name]) for name in MEDIANS)
}
ESTIMATE = "what the model takes the RMSD of the heavy atoms of its geometry (c_rmsd) to be"
ESTIMATE_DEFINITIONS = {
    "error_estimate": Definition(ESTIMATE, OWN, "Å", label="Error estimate"),
    "mean_estimate": Definition(f"mean of: {ESTIMATE}", OWN, "Å", label="Error estimate, mean"),
    "mean_error": Definition(
        "mean over the same molecules of that RMSD (c_rmsd)", OWN, "Å", label="True error, mean"
    ),
    "calibration_error": Definition(
        "mean distance between mean estimate and mean true error of ten bins of equal count",
        OWN,
        "Å",
        "lower",
        "Calibration error",
    ),
    "spearman": Definition(
        "rank correlation of the estimates with the true errors",
        "Spearman, Am. J. Psychol. 15, 72 (1904)",
        "",
        "higher",
        "Rank correlation of estimate and error",
        digits=2,
    ),
}
COUNTS = {
    "n": _count(
        "molecules that are scored: every metric is over these, stand-ins included", "Molecules scored"
    ),
    "failed": _count(
        "predictions that failed: scored with a stand-in geometry where the file has one, else missing",
        "Failed (stand-ins and missing)",
    ),
    "missing": _count("references without a prediction that can be scored; in no metric", "Missing"),
    "extra": _count(
        "predictions without a reference of their id; in no metric", "Without a reference of their id"
    ),
    "reordered": _count(
        "predictions whose atoms were in another order than those of the reference",
        "Matched after reordering atoms",
    ),
}
# all numbers of a summary, in the order of tables
NUMBERS = DEFINITIONS | MEDIAN_DEFINITIONS | ESTIMATE_DEFINITIONS | COUNTS
