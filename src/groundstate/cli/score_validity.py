"""``groundstate score validity``: structural and composition validity of anybody's crystals."""

from pathlib import Path
from typing import Annotated

import pandas as pd
import typer

from groundstate.crystals.structures import read_structures
from groundstate.errors import GroundstateError
from groundstate.files import atomic_path, write_json
from groundstate.metrics.crystals.composition_validity import OXIDATION_LISTS
from groundstate.metrics.crystals.validity import ValidityRow, definitions, score_validity, summarise_validity


def command(
    structures: Annotated[Path, typer.Option(help="extxyz, CSV with CIFs, records or a folder of CIF files")],
    output: Annotated[Path, typer.Option(help="folder for crystals.csv and summary.json")],
    baseline: Annotated[list[str], typer.Option(help="NAME=FILE scored beside; may be repeated")] = [],  # noqa: B006
    oxidation_list: Annotated[str, typer.Option(help=f"one of {', '.join(OXIDATION_LISTS)}")] = "smact14",
    seed: Annotated[int, typer.Option(help="of the bootstrap intervals")] = 0,
) -> None:
    """Score structural and composition validity by the definitions of CDVAE."""
    if oxidation_list not in OXIDATION_LISTS:
        raise GroundstateError(
            f"--oxidation-list: unknown {oxidation_list!r}; allowed: {', '.join(OXIDATION_LISTS)}"
        )
    baselines = dict(_split_baseline(text) for text in baseline)
    rows = score_validity(*read_structures(structures), oxidation_list)
    summary = summarise_validity(rows, seed) | {"definitions": definitions(oxidation_list)}
    summary["baselines"] = {
        name: summarise_validity(score_validity(*read_structures(path), oxidation_list), seed)
        for name, path in baselines.items()
    }
    with atomic_path(output / "crystals.csv") as temporary:
        pd.DataFrame(rows, columns=ValidityRow._fields).to_csv(temporary, index=False)
    write_json(output / "summary.json", summary)


def _split_baseline(text: str) -> tuple[str, Path]:
    name, equals, path = text.partition("=")
    if not (name and equals and path):
        raise GroundstateError(f"--baseline: {text!r} is not NAME=FILE")
    return name, Path(path)
