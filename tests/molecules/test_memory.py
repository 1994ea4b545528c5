"""Memory of the prepare stage does not grow with the data set."""

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[3] / "shared" / "data" / "molecule3d_random_train_chon20.sdf.gz"
SCRIPT = """
import json, resource, sys
from groundstate.cli import main
try:
    files = ["--input", sys.argv[1], "--output-dir", sys.argv[2]]
    main(["prepare", "molecules", "--format", "molecule3d", *files])
except SystemExit:
    pass
print(json.dumps(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
"""


def peak(sdf: Path, output: Path) -> int:
    """Peak resident memory of one prepare run, KiB."""
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(sdf), str(output)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
@pytest.mark.skipif(not SHARED.exists(), reason="needs ../shared/data")
def test_ten_times_the_rows_need_at_most_a_fifth_more_memory(tmp_path):
    with gzip.open(SHARED, "rt") as handle:
        blocks = handle.read().split("$$$$\n")[:1500]
    small, big = tmp_path / "combined_mols_0_to_1.sdf", tmp_path / "combined_mols_0_to_2.sdf"
    small.write_text("$$$$\n".join(blocks) + "$$$$\n")
    big.write_text(("$$$$\n".join(blocks) + "$$$$\n") * 10)
    little, much = peak(small, tmp_path / "small"), peak(big, tmp_path / "big")
    summary = json.loads((tmp_path / "big" / "summary.json").read_text())
    assert summary["source"] == 15000 and summary["records"] > 14000
    print(f"{little / 1024:.0f} MiB for 1,500 rows, {much / 1024:.0f} MiB for 15,000")
    assert much < 1.2 * little, f"{little / 1024:.0f} MiB for 1,500 rows, {much / 1024:.0f} MiB for 15,000"
