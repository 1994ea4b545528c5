"""Names, ids and SMILES with shell characters through the real rules: text, and nothing but text."""

from pathlib import Path

import yaml

from groundstate.records import MOLECULE_SCHEMA, read_records
from pipeline import copy_project, snakemake

IDS = (
    "$(touch hacked)",
    "`touch hacked`",
    "';touch${IFS}hacked;'",
    '"&&touch${IFS}hacked',
    "../../hacked",
    "-rf",
)


def test_shell_characters_are_only_characters(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    name = "$(touch hacked) ';touch hacked;' file.csv"
    rows = [f'CC{"C" * index},"{one.replace(chr(34), chr(34) * 2)}"' for index, one in enumerate(IDS)]
    rows += ['"C$(touch hacked)C",injected']
    (tmp_path / name).write_text("\n".join(["smiles,id", *rows]) + "\n")
    values = yaml.safe_load((project / "config/test.yaml").read_text())
    about = {"kind": "path", "license": "mine", "citation": "`touch hacked`", "format": "smiles"}
    values["molecules"] |= {"datasets": ["evil"], "pretrained": {"evil": "tiny_molecules"}}

    def write(file: str) -> None:
        values["sources"]["evil"] = about | {"files": {file: {"location": str(tmp_path / name)}}}
        (project / "evil.yaml").write_text(yaml.safe_dump(values))

    write(name)  # names become paths of the project: only plain ones are allowed
    printed = snakemake(project, "-n", "--cores", "1", config="evil.yaml", check=False)
    assert "sources.evil.files" in printed and "should match pattern" in printed
    write("mine.csv")  # a location may be anything
    snakemake(project, "all_prepare_molecules", "--cores", "1", config="evil.yaml")
    prepared = project / "results/test/molecules/evil/prepared"
    records = read_records(prepared / "records.parquet", MOLECULE_SCHEMA)
    assert [record["id"] for record in records] == list(IDS)
    assert "injected" in (prepared / "rejected.csv").read_text()
    assert not list(tmp_path.rglob("hacked*"))
