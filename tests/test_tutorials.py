"""The tutorials as a reader runs them: every block of Python of a page, in one notebook."""

import re
from pathlib import Path

import pytest

import groundstate.weights
from trained import crystal_checkpoint, geometry_checkpoint

TUTORIALS = Path(__file__).parents[1] / "docs/tutorials"


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Weights of the kinds that come with the package, from tiny trainings."""
    folder = tmp_path_factory.mktemp("weights")
    made = {"molecules": geometry_checkpoint(folder / "a"), "crystals": crystal_checkpoint(folder / "b")}
    (folder / "shipped").mkdir()
    for name, path in made.items():
        (folder / f"shipped/{name}.ckpt").write_bytes(path.read_bytes())
    return folder / "shipped"


@pytest.mark.parametrize("path", sorted(TUTORIALS.glob("*.md")), ids=lambda path: path.stem)
def test_every_block_of_a_tutorial_runs(
    path: Path, weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groundstate.weights, "FOLDER", weights)
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```$", path.read_text(encoding="utf-8"), re.DOTALL | re.MULTILINE)
    assert len(blocks) >= 3
    names: dict[str, object] = {"__name__": "tutorial"}
    for number, block in enumerate(blocks, 1):
        exec(compile(block, f"{path.name}, block {number}", "exec"), names)
