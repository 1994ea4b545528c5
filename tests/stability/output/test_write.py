"""Tables of the stability stage: the same columns whatever is in them."""

from pathlib import Path

import pandas as pd

from groundstate.stability.evaluation import Evaluation
from groundstate.stability.output.write import write_evaluation
from groundstate.stability.references.hull import ReferenceHull
from groundstate.stability.relaxation import StabilityScore
from groundstate.stability.rows import StabilityRow


def test_a_control_without_crystals_has_the_columns_of_the_others(tmp_path: Path) -> None:
    scores = {
        "generated": StabilityScore([StabilityRow("a", "NaCl", 2, "Cl-Na")], {}),
        "prototypes": StabilityScore([], {}),
    }
    write_evaluation(tmp_path, Evaluation(scores, {}, ReferenceHull([])))
    filled = pd.read_csv(tmp_path / "crystals.csv")
    empty = pd.read_csv(tmp_path / "controls/prototypes/crystals.csv")
    assert len(filled) == 1 and len(empty) == 0
    assert list(empty) == list(filled)
    assert len(pd.read_parquet(tmp_path / "controls/prototypes/crystals.parquet")) == 0
