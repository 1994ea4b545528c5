"""Memory of the prepare stage does not grow with the data set."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[4] / "shared" / "data" / "molecule3d_random_train_chon20.sdf.gz"
SCRIPT = """
import json, resource, sys
from groundstate.cli import main
try:
    files = [f"--input={path}" for path in sys.argv[2:]]
    main(["prepare", "molecules", "--format", "molecule3d", *files, "--output-dir", sys.argv[1]])
except SystemExit:
    pass
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def write_official(folder: Path, blocks: list[str]) -> list[Path]:
    """The blocks as the official files: two SDF parts, properties, random and scaffold split."""
    folder.mkdir()
    half, count = len(blocks) // 2, len(blocks)
    paths = [folder / f"combined_mols_{first}.sdf" for first in ("0_to_1000000", "1000000_to_2000000")]
    for path, part in zip(paths, (blocks[:half], blocks[half:]), strict=True):
        path.write_text("$$$$\n".join(part) + "$$$$\n")
    table = "cid,dipole x,dipole y,dipole z,homo,lumo,homolumogap,scf energy\n"
    (folder / "properties.csv").write_text(table + "".join(f"{k},0,0,0,-6,1,7,-9e3\n" for k in range(count)))
    ends = (0, 6 * count // 10, 8 * count // 10, count)
    lists = {name: list(range(*ends[k : k + 2])) for k, name in enumerate(("train", "valid", "test"))}
    for name in ("random", "scaffold"):
        (folder / f"{name}_split_inds.json").write_text(json.dumps(lists))
    return sorted(folder.iterdir())


def peak(inputs: list[Path], output: Path) -> int:
    """Peak resident memory of one prepare run, KiB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, output, *inputs], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_ten_times_the_rows_need_at_most_a_fifth_more_memory(tmp_path):
    with gzip.open(SHARED, "rt") as handle:
        blocks = handle.read().split("$$$$\n")[:1500]
    little = peak(write_official(tmp_path / "few", blocks), tmp_path / "small")
    much = peak(write_official(tmp_path / "many", blocks * 10), tmp_path / "big")
    summary = json.loads((tmp_path / "big" / "summary.json").read_text())
    assert summary["source"] == 15000 and summary["records"] > 14000
    assert summary["splits"]["official_random"]["test"] > 2800
    print(f"{little / 1024:.0f} MiB for 1,500 rows, {much / 1024:.0f} MiB for 15,000")
    assert much < 1.2 * little, f"{little / 1024:.0f} MiB for 1,500 rows, {much / 1024:.0f} MiB for 15,000"
