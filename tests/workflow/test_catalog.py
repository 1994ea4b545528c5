"""What the Snakemake workflow catalog would show of this repository."""

import json
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
SCHEMA = json.loads((ROOT / "workflow/schemas/config.schema.json").read_text())


def rows(properties: dict, parent: str = "") -> Iterator[tuple[str, dict]]:
    """The rows of the catalog's table of parameters: properties of properties, and no reference followed."""
    for name, about in properties.items():
        yield f"{parent}{name}", about
        yield from rows(about.get("properties", {}), f"{parent}{name}.")


def test_every_parameter_has_a_type_and_a_description_in_the_catalogs_table() -> None:
    assert "$ref" not in json.dumps(SCHEMA)
    table = dict(rows(SCHEMA["properties"]))
    assert {
        "seeds",
        "molecules.models",
        "molecules.train.training.max_steps",
        "crystals.generate.num",
    } <= set(table)
    shown = {name: about for name, about in table.items() if not about.get("properties")}
    assert not [name for name, about in shown.items() if not about.get("description")]
    untyped = [name for name, about in shown.items() if "type" not in about and "enum" not in about]
    assert len(untyped) <= 3, untyped  # kinds of which the table shows none
    assert not [name for name, about in shown.items() if {"|", "\n"} & set(about["description"])]


def test_the_files_that_make_a_workflow_standardized_are_there() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage) <= {"mandatory-flags", "software-stack-deployment", "report"}
    assert usage["mandatory-flags"]["desc"]
    assert (ROOT / "workflow/Snakefile").is_file()
    assert list((ROOT / "workflow/rules").glob("*.smk"))
    assert (ROOT / "config/README.md").read_text().startswith("# ")
    readme = (ROOT / "README.md").read_text().lower()
    assert "snakemake" in readme and "workflow" in readme


def test_what_is_promised_of_conda_every_rule_has() -> None:
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert usage["software-stack-deployment"]["conda"]
    for path in (ROOT / "workflow/rules").glob("*.smk"):
        text = path.read_text()
        assert text.count("shell:") == text.count('"../../envs/groundstate.yaml"'), path.name
