"""Where a result came from, and the warning where other versions made it."""

import json
from pathlib import Path

from groundstate.provenance import other_versions, package_versions, write_provenance


def run(results: Path, name: str, **versions: str) -> None:
    folder = results / "molecules/qm9" / name / "seed0"
    folder.mkdir(parents=True)
    facts = {"versions": package_versions() | versions}
    (folder / "provenance.json").write_text(json.dumps(facts))


def test_provenance_says_versions_inputs_and_facts(tmp_path: Path) -> None:
    (tmp_path / "input.txt").write_bytes(b"abc")
    write_provenance(tmp_path / "provenance.json", 0.0, [tmp_path / "input.txt"], steps=3)
    facts = json.loads((tmp_path / "provenance.json").read_text())
    assert facts["steps"] == 3
    assert facts["started"] == "1970-01-01T00:00:00Z"
    assert facts["versions"] == package_versions()
    assert facts["versions"]["rdkit"]
    assert facts["inputs"]["input.txt"] == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_other_versions_are_named_once(tmp_path: Path) -> None:
    assert other_versions(tmp_path) == ""
    run(tmp_path, "gaunt")
    assert other_versions(tmp_path) == ""
    run(tmp_path, "dagnn", rdkit="2020.1.1")
    run(tmp_path, "xtb", rdkit="2020.1.1", gone="1.0")
    sentence = other_versions(tmp_path)
    assert sentence.startswith(f"{tmp_path}/molecules/qm9/dagnn/seed0 and 1 more: made with other versions")
    assert "gone 1.0 -> none, rdkit 2020.1.1 -> " in sentence


def test_damaged_provenance_is_left_to_the_stages(tmp_path: Path) -> None:
    for name, text in (("a", "{"), ("b", "[]"), ("c", '{"versions": 3}')):
        run(tmp_path, name)
        (tmp_path / f"molecules/qm9/{name}/seed0/provenance.json").write_text(text)
    assert other_versions(tmp_path) == ""
