"""What each geometry metric is; the order is that of the columns of ``molecules.csv``."""

from groundstate.metrics.definition import SHARE, Definition

MOLECULE3D = "Molecule3D, arXiv 2110.01717"
GTMGC = "GTMGC, ICLR 2024"
OWN = "groundstate"
BIASED = "lowest for whatever MMFF94 made: no direction"

DEFINITIONS = {
    "mae": Definition("MAE of distances over ordered pairs, pooled", MOLECULE3D, "Å", "lower", "D-MAE"),
    "rmse": Definition("RMSE of distances over ordered pairs, pooled", MOLECULE3D, "Å", "lower", "D-RMSE"),
    "validity": Definition(
        "share with no negative Gram eigenvalue (4e-4)", MOLECULE3D, SHARE, "higher", "Validity", digits=1
    ),
    "validity3d": Definition(
        "share valid and with at most three eigenvalues", MOLECULE3D, SHARE, "higher", "Validity3D", digits=1
    ),
    "d_mae_n2": Definition(
        "D-MAE over n^2 entries, zeros of the diagonal counted", GTMGC, "Å", "lower", "D-MAE over n²"
    ),
    "d_rmse_n2": Definition("D-RMSE over n^2 entries", GTMGC, "Å", "lower", "D-RMSE over n²"),
    "c_rmsd": Definition(
        "heavy-atom best RMSD, mean over molecules", GTMGC, "Å", "lower", "C-RMSD, heavy atoms"
    ),
    "mae_symmetric": Definition(
        "MAE after renumbering equivalent atoms", OWN, "Å", "lower", "D-MAE, equivalent atoms renumbered"
    ),
    "mae_heavy": Definition("MAE of distances between heavy atoms", OWN, "Å", "lower", "D-MAE, heavy atoms"),
    "rmse_heavy": Definition(
        "RMSE of distances between heavy atoms", OWN, "Å", "lower", "D-RMSE, heavy atoms"
    ),
    "bond_mae": Definition("MAE of bond lengths, pooled", OWN, "Å", "lower", "Bond length MAE", digits=4),
    "angle_mae": Definition("MAE of bond angles, pooled", OWN, "°", "lower", "Bond angle MAE", digits=2),
    "torsion_mae": Definition("MAE of proper torsions, pooled", OWN, "°", "lower", "Torsion MAE", digits=1),
    "embeddability": Definition(
        "spectral mass that three dimensions hold, mean", OWN, SHARE, "higher", "Embeddability", digits=2
    ),
    "connectivity": Definition(
        "share whose contacts below 1.2 radii sums are the bonds",
        OWN,
        SHARE,
        "higher",
        "Connectivity kept",
        digits=1,
    ),
    "tetrahedral": Definition(
        "share of the marked tetrahedral centres that are right",
        OWN,
        SHARE,
        "higher",
        "Tetrahedral centres right",
        digits=1,
    ),
    "double_bond": Definition(
        "share of the marked E/Z bonds that are right",
        OWN,
        SHARE,
        "higher",
        "E/Z double bonds right",
        digits=1,
    ),
    "stereo": Definition(
        "share of the molecules with all stereo right", OWN, SHARE, "higher", "All stereo right", digits=1
    ),
    "mmff_strain": Definition(
        f"MMFF94 energy above the nearest minimum, mean; {BIASED}",
        OWN,
        "kcal/mol",
        None,
        "MMFF94 strain, mean",
        digits=2,
    ),
    "bond_round_trip": Definition(
        "slow: share whose bonds RDKit perceives right",
        "RDKit DetermineBonds",
        SHARE,
        "higher",
        "Bonds perceived right",
        digits=1,
    ),
    "posebusters": Definition(
        "slow: share that passes all mol_fast checks",
        "PoseBusters 0.6",
        SHARE,
        "higher",
        "PoseBusters passed",
        digits=1,
    ),
    "gfn2_strain": Definition(
        "slow: GFN2-xTB energy above the nearest minimum, mean; lowest for whatever GFN2-xTB made: no "
        "direction",
        "tblite",
        "kcal/mol",
        None,
        "GFN2-xTB strain, mean",
        digits=2,
    ),
    "conformer_energy": Definition(
        f"slow: its MMFF94 minimum above the best of 20 ETKDGv3 conformers, mean; {BIASED}",
        OWN,
        "kcal/mol",
        None,
        "Above the best conformer (MMFF94), mean",
        digits=2,
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
ESTIMATE = "what the model takes the MAE of the distances between heavy atoms of its geometry to be"
ESTIMATE_DEFINITIONS = {
    "error_estimate": Definition(ESTIMATE, OWN, "Å", label="Error estimate"),
    "mean_estimate": Definition(f"mean of: {ESTIMATE}", OWN, "Å", label="Error estimate, mean"),
    "mean_error": Definition(
        "mean over the same molecules of that MAE (mae_heavy)", OWN, "Å", label="True error, mean"
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
    "n": Definition(
        "molecules that are scored: every metric is over these, stand-ins included",
        OWN,
        label="Molecules scored",
        digits=0,
    ),
    "failed": Definition(
        "predictions that failed: scored with a stand-in geometry where the file has one, else missing",
        OWN,
        label="Failed (stand-ins and missing)",
        digits=0,
    ),
    "missing": Definition(
        "references without a prediction that can be scored; in no metric", OWN, label="Missing", digits=0
    ),
    "extra": Definition(
        "predictions without a reference of their id; in no metric",
        OWN,
        label="Without a reference of their id",
        digits=0,
    ),
    "reordered": Definition(
        "predictions whose atoms were in another order than those of the reference",
        OWN,
        label="Matched after reordering atoms",
        digits=0,
    ),
}
# all numbers of a summary, in the order of tables
NUMBERS = DEFINITIONS | MEDIAN_DEFINITIONS | ESTIMATE_DEFINITIONS | COUNTS
