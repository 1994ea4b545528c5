"""Count molecules of QM9, with stereo marked from their geometry, that do not come out as one.

    python benchmarks/open_stereo.py data/qm9/qm9pack-1.0.3-py3-none-any.whl

Each has one geometry, so each is one molecule: SMILES written from it must be read as one molecule again.
"""

import argparse
import random
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from groundstate.molecules.dataset.readers.formats import read_entries
from groundstate.molecules.dataset.requests import read_requests
from groundstate.molecules.mols import RecordError, record_from_mol


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive")
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    entries = list(read_entries("qm9pack", [arguments.archive]))
    random.Random(arguments.seed).shuffle(entries)
    lines: list[str] = []
    for entry in entries:
        try:
            record = record_from_mol(entry.id, *entry.build())
        except RecordError:
            continue  # SMILES and geometry of QM9 disagree
        lines.append(f"{record['smiles']} {entry.id}\n")
        if len(lines) == arguments.count:
            break
    rejections: list = []
    with TemporaryDirectory() as folder:
        path = Path(folder) / "marked.smi"
        path.write_text("".join(lines), encoding="utf-8")
        started = time.monotonic()
        names = [name for name, _ in read_requests(path, rejections)]
    seconds = time.monotonic() - started
    asked = {line.split()[1] for line in lines}
    split = {name.rsplit("-", 1)[0] for name in names if name not in asked}
    print(
        f"{len(lines)} in, {len(names)} out, {len(split)} split, {len(rejections)} rejected, {seconds:.0f} s"
    )
    for rejection in rejections[:10]:
        print(f"  {rejection.id}: {rejection.reason}")
    for name in sorted(split)[:10]:
        print(f"  {name}: split")


if __name__ == "__main__":
    main()
