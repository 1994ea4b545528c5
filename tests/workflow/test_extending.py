"""The README's instructions for a new metric, followed to the letter and run."""

import json
import re
from pathlib import Path

from pipeline import ROOT, copy_project, snakemake

HEAD = r"# (new file|in) (\S+?)(?:, (after|instead of): ([^\n]*))?\n"
BLOCK = re.compile(rf"```python\n{HEAD}(.*?)```", re.DOTALL)


def follow_the_readme(project: Path) -> list[str]:
    """Apply every code block of the section; gives the files it touched."""
    section = (ROOT / "README.md").read_text().split("## Adding a model or a metric")[1].split("\n## ")[0]
    blocks = BLOCK.findall(section)
    assert len(blocks) == section.count("```python")
    for kind, name, how, anchor, code in blocks:
        path = project / name
        if kind == "new file":
            assert not path.exists()
            assert len([line for line in code.splitlines() if line.strip()]) <= 20
            path.write_text(code)
            continue
        lines = path.read_text().splitlines(keepends=True)
        (place,) = [number for number, line in enumerate(lines) if anchor in line]
        path.write_text("".join([*lines[: place + (how == "after")], code, *lines[place + 1 :]]))
    return [name for _, name, *_ in blocks]


def test_the_readme_adds_a_metric(tmp_path: Path) -> None:
    project = copy_project(tmp_path / "project")
    assert len(set(follow_the_readme(project))) == 3
    models = 'molecules={"models": ["etkdg"]}'
    snakemake(project, "all_score_geometry", "--cores", "2", "--config", models)
    summary = project / "results/test/molecules/tiny_molecules/etkdg/seed0/geometry/summary.json"
    scores = json.loads(summary.read_text())
    assert 0 < scores["gyration"] < 1
    assert scores["definitions"]["gyration"]["source"] == "this README"
    assert scores["baselines"]["mmff"]["gyration"] > 0
    assert scores["mae"] < 1
