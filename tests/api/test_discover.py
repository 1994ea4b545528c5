"""Discovery from Python: the rows of the command, with structures; ASE's EMT as the potential."""

import json
from pathlib import Path

import ase.build
import ase.io
import pandas as pd
import pytest

import groundstate
from groundstate.errors import GroundstateError

EMT = {"potential": "ase.calculators.emt:EMT", "potential_scheme": "emt", "workers": 0, "fmax": 0.1}
SETTINGS = {"max_atoms": 4, "templates": 3, "random": 0, "best": 2}


def test_the_table_is_that_of_the_command_with_structures(tmp_path: Path) -> None:
    frames = []
    for symbol, a in (("Cu", 3.6), ("Au", 4.06)):
        frames.append(ase.build.bulk(symbol, a=a))
        frames[-1].info = {"id": symbol}
    ase.io.write(tmp_path / "elements.extxyz", frames)
    with (tmp_path / "elements.extxyz").open("a") as handle:
        handle.write('1\nLattice="3 0 0 0 3 0 0 0 3" id=bad-phase\nCu 0 nan 0\n')
    settings = SETTINGS | {"stability": EMT | {"whole_references": True}}
    found = groundstate.discover(
        "CuAu",
        budget="2",
        references=[tmp_path / "elements.extxyz"],
        settings=settings,
        output=tmp_path / "out",
    )
    written = pd.read_csv(tmp_path / "out/crystals.csv")
    assert list(found.id) == list(written.id)
    assert json.loads((tmp_path / "out/summary.json").read_text())["checkpoint"] == "crystals.safetensors"
    assert found.energy_above_hull.tolist() == pytest.approx(written.energy_above_hull.tolist())
    assert {one.composition.reduced_formula for one in found.structure} == {"CuAu"}
    assert set(found.columns) == set(found.attrs["definitions"])
    stages = {one["id"]: one["stage"] for one in found.attrs["rejected"] if one["reason"]}
    assert (
        len(stages) == len(found.attrs["rejected"])
        and stages["elements.extxyz:bad-phase"] == "read reference"
    )


def test_a_request_that_cannot_be_met_is_a_sentence() -> None:
    with pytest.raises(GroundstateError, match="give either --formula"):
        groundstate.discover()
    with pytest.raises(GroundstateError, match=r"settings: draws: .*greater than or equal to 1"):
        groundstate.discover("NaCl", settings={"draws": 0})
    for key, value in {"controls": ["random_search"], "dft": True}.items():
        with pytest.raises(GroundstateError, match=rf"settings: stability\.{key}: .* `score stability`"):
            groundstate.discover("NaCl", settings={"stability": {key: value}})
    with pytest.raises(GroundstateError, match="'0' leaves nothing to relax"):
        groundstate.discover("NaCl", budget=0)
    with pytest.raises(GroundstateError, match="Cl3Na17Xe11: no source has a proposal"):
        groundstate.discover("Na17Cl3Xe11", settings={"diffusion": 0})
