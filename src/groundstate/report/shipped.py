"""What the report says of a row of the shipped weights, which were not trained in this run."""

from groundstate.metrics.definition import definition_of
from groundstate.plugins import SHIPPED
from groundstate.report.methods import Models
from groundstate.report.runs import read_table
from groundstate.weights.learned import REASON

PAIRED = ("mae", "c_rmsd")
ABOUT = {
    "molecules": "they saw other and more molecules than the models that were trained here",
    "crystals": "they begin from known crystals (templates), so their novelty is of another kind",
}


def shipped_notes(kind: str, models: Models) -> list[str]:
    """Say whose the row is, what left the test part for its sake, and how the models trained here compare.

    Parameters
    ----------
    kind
        ``molecules`` or ``crystals``.
    models
        Runs of a data set; without the shipped weights among them there is nothing to say.
    """
    if SHIPPED not in models:
        return []
    path = models[SHIPPED][0].shared / "prepared" / "rejected.csv"
    count = int((read_table(path)["reason"] == REASON).sum()) if path.exists() else 0
    notes = [
        f"{SHIPPED}: the weights that come with the package, as they are (`groundstate models {kind}` prints "
        f"their card); {ABOUT[kind]}. {count:,} {kind} that they may have learned were taken out of the test "
        "part before anything was trained or scored, so no score is over one of these."
    ]
    for model, runs in models.items():
        summary = runs[0].scores.get("geometry", {})
        compared = summary.get("comparisons", {}).get(SHIPPED, {}).get("metrics", {})
        for key in PAIRED:
            if one := compared.get(key):
                about = definition_of(key, summary["definitions"])
                low, high = (about.format(end) for end in one["interval"])
                notes.append(
                    f"{about.label}: {model} minus {SHIPPED}, seed {runs[0].seed}, "
                    f"{about.format(one['difference'])} {about.unit} over the same {one['n']:,} molecules "
                    f"(95 % interval {low} to {high}; {about.direction} is better): {one['verdict']}."
                )
    return notes
