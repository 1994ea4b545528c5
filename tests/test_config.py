"""The configuration: three descriptions in step, and one clear line for every mistake."""

import json
from pathlib import Path

import pytest
import yaml

from groundstate.config import Config
from groundstate.config_reading import asked_for, complete, read_config
from groundstate.config_sections import Potentials
from groundstate.config_texts import GENERATED, ROOT
from groundstate.errors import GroundstateError

SOURCES = yaml.safe_load((ROOT / "config/sources.yaml").read_text())


@pytest.mark.parametrize("path", GENERATED)
def test_generated_files_are_in_step_with_the_model(path: str) -> None:
    assert (ROOT / path).read_text() == GENERATED[path](), (
        f"run `python -m groundstate.config_texts` to rewrite {path}"
    )


def test_default_config_is_the_models_default() -> None:
    values = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert read_config(values | SOURCES) == read_config(SOURCES)


@pytest.mark.parametrize("name", ["baselines", "full", "test"])
def test_the_other_configs_are_valid(name: str) -> None:
    values = yaml.safe_load((ROOT / f"config/{name}.yaml").read_text())
    sources = SOURCES["sources"] | values.get("sources", {})
    config = read_config(values | {"sources": sources})
    assert config != read_config(SOURCES)


def test_every_data_set_of_the_three_papers_is_described() -> None:
    known = set(SOURCES["sources"])
    assert known >= {
        "qm9",
        "molecule3d_random",
        "molecule3d_scaffold",
        "perov_5",
        "carbon_24",
        "mp_20",
        "mpts_52",
    }
    assert known >= {"mp3938", "mp_elemental_references", "mp_hull_entries"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"resluts": "x"}, r"config: resluts: unknown key; allowed here: .*results"),
        (
            {"molecules": {"prepare": {"max": 3}}},
            r"config: molecules.prepare.max: unknown key; .*max_molecules",
        ),
        ({"crystals": {"train": {"training": {"max_step": 3}}}}, r"max_step: unknown key; .*max_steps"),
        ({"seeds": [-1]}, r"config: seeds.0: .*greater than or equal to 0 \(it is -1\)"),
        ({"seeds": []}, r"config: seeds: .*at least 1 item"),
        ({"seeds": [1, 1]}, r"config: seeds: \[1, 1\] names one twice"),
        ({"seeds": "many"}, r"config: seeds: .*list"),
        ({"crystals": {"generate": {"num": -5}}}, r"config: crystals.generate.num: .*greater than"),
        ({"molecules": {"datasets": ["qm10"]}}, r"molecules.datasets: unknown name 'qm10'; allowed: .*qm9"),
        ({"molecules": {"datasets": ["mp_20"]}}, r"molecules.datasets: unknown name 'mp_20'; allowed: .*qm9"),
        (
            {"molecules": {"most_records": {"qm10": 9}}},
            r"molecules.most_records: unknown name 'qm10'; allowed: .*qm9",
        ),
        (
            {"molecules": {"most_records": {"qm9": 0}}},
            r"config: molecules.most_records.qm9: .*greater than or equal to 1 \(it is 0\)",
        ),
        ({"molecules": {"models": ["gauss"]}}, r"molecules.models: unknown name 'gauss'; allowed: .*gaunt"),
        (
            {"crystals": {"models": ["cdvae"]}},
            r"crystals.models: unknown name 'cdvae'; allowed: .*unimat-compact",
        ),
        ({"potentials": {"datasets": ["qm9"]}}, r"potentials.datasets: unknown name 'qm9'; allowed: .*acac"),
        ({"potentials": {"models": ["mace"]}}, r"config: potentials.models.0: .*clebsch-gordan"),
        (
            {"potentials": {"train": {"network": {"product": "clebsch-gordan"}}}},
            r"config: potentials: train.network.product: name the products under `models`",
        ),
        ({"molecules": {"split": "time"}}, r"config: molecules.split: .*random\|scaffold"),
        ({"results": "my results; rm"}, r"config: results: "),
    ],
)
def test_mistakes_name_the_key_and_what_is_allowed(change: dict, message: str) -> None:
    with pytest.raises(GroundstateError, match=message) as caught:
        read_config(SOURCES | change)
    assert "\n" not in str(caught.value)


def test_a_bomb_of_aliases_is_refused_at_once() -> None:
    bomb: list = ["x"] * 9
    for _ in range(9):
        bomb = [bomb] * 9
    for change in ({"seeds": bomb}, {"molecules": {"models": bomb}}):
        with pytest.raises(GroundstateError, match=r"config: \w+: more than 100000 entries"):
            read_config(SOURCES | change)
    with pytest.raises(GroundstateError) as caught:
        read_config(SOURCES | {"results": "x y" * 10000})
    assert len(str(caught.value)) < 500


def test_more_shards_than_jobs_can_be_are_refused() -> None:
    with pytest.raises(GroundstateError, match=r"config: shards: .*less than or equal to 10000"):
        read_config(SOURCES | {"shards": 100_000_000})


def test_molecules_without_geometries_need_a_teacher() -> None:
    mine = {
        "kind": "path",
        "format": "smiles",
        "license": "mine",
        "citation": "none",
        "files": {"mine.smi": {"location": "mine.smi"}},
    }
    values = {"sources": SOURCES["sources"] | {"mine": mine}, "molecules": {"datasets": ["mine"]}}
    with pytest.raises(GroundstateError, match=r"pretrained: \{mine: qm9\}"):
        read_config(values)
    values["molecules"]["pretrained"] = {"mine": "qm9"}
    assert read_config(values).molecules.pretrained == {"mine": "qm9"}
    values["molecules"]["pretrained"] = {"mine": "mine"}
    with pytest.raises(GroundstateError, match=r"pretrained.mine: unknown name 'mine'"):
        read_config(values)


def test_schema_is_json_schema() -> None:
    schema = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())
    assert set(schema["properties"]) == set(Config.model_fields)
    assert "$ref" not in json.dumps(schema)
    assert schema["properties"]["molecules"]["properties"]["train"]["properties"]["gaunt"]["properties"][
        "lmax"
    ]["default"]
    assert Path(ROOT / "config/README.md").read_text().count("| `") > len(Config.model_fields)


def test_potentials_run_only_where_they_are_asked_for() -> None:
    assert Potentials().datasets == []
    path = ROOT / "config/sources.yaml"
    for given, parts in (
        ({}, {"molecules", "crystals", "discover"}),
        ({"seeds": [1]}, {"molecules", "crystals", "discover"}),
        ({"potentials": {"datasets": ["acac"]}}, {"potentials"}),
        ({"potentials": {"datasets": ["acac"]}, "crystals": {}}, {"potentials", "crystals"}),
    ):
        assert asked_for(given) == parts
        config = read_config(complete(given, parts, path))
        filled = {part for part in ("molecules", "crystals", "potentials") if getattr(config, part).datasets}
        filled |= {"discover"} if config.discover.wanted else set()
        assert filled == parts
    with pytest.raises(GroundstateError, match=r"potentials\.datasets: empty; name a data set"):
        complete({"potentials": {}}, {"potentials"}, path)


@pytest.mark.parametrize(
    ("discover", "message"),
    [
        ({"wanted": ["NaCl", "NaCl"]}, "names one twice"),
        ({"wanted": ["../NaCl"]}, "config: discover.wanted.0"),
        ({"wanted": ["Li-Fe-P-O"], "budget": "0min"}, "leaves nothing to relax"),
        ({"wanted": ["NaCl"], "judge": {"best": 0}}, "config: discover.judge.best"),
    ],
)
def test_a_search_that_cannot_be_is_refused_before_any_job(discover: dict, message: str) -> None:
    with pytest.raises(GroundstateError, match=message):
        read_config({"discover": discover})


def test_a_config_of_searches_alone_runs_nothing_else() -> None:
    assert asked_for({"discover": {"wanted": ["NaCl"]}, "results": "r"}) == {"discover"}
    assert asked_for({"discover": {}, "crystals": {}}) == {"crystals", "discover"}
