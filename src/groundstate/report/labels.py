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
    # geometries
    "distance_mae": Label("D-MAE", "Å", "lower"),
    "distance_rmse": Label("D-RMSE", "Å", "lower"),
    "bond_mae": Label("Bond length MAE", "Å", "lower", 4),
    "angle_mae": Label("Bond angle MAE", "°", "lower", 2),
    "heavy_rmsd": Label("Heavy-atom RMSD, mean", "Å", "lower"),
    "validity": Label("Validity", "%", "higher", 1),
    "validity3d": Label("Validity3D", "%", "higher", 1),
    # crystals
    "structure_validity": Label("Structurally valid", "%", "higher", 1),
    "composition_validity": Label("Compositionally valid", "%", "higher", 1),
    "n": Label("Structures scored", "", "", 0),
    "failed": Label("Failed", "", "lower", 0),
}


BASELINES = {"etkdg": "ETKDGv3", "mmff": "ETKDGv3 + MMFF94", "dft": "DFT", "data": "data set"}


def label_of(key: str) -> Label:
    """Label of a metric; an unknown one is shown under its own key, in its own unit."""
    return METRICS.get(key, Label(key.replace("_", " ").replace(".", ": "), digits=4))


def number(value: float, label: Label) -> str:
    """A number as the table shows it: shares as percent, counts whole, a true minus sign."""
    if label.unit == "%":
        value *= 100
    if label.digits == 0 and float(value).is_integer():
        text = f"{value:,.0f}"
    else:
        text = f"{value:.{max(label.digits, 1)}f}"
    return text.replace("-", "−")
