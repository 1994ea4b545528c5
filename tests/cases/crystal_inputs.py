"""Inputs of crystals as people have them, each with what is right; run this file to count them.

The files of ``tests/data/crystals`` were made by hand after public trouble reports; the texts here are their
siblings. With PYTHONPATH on another version of ``src``, the table tells what that version does; ``-v`` names
what is wrong.
"""

import sys
import tempfile
from collections import Counter
from pathlib import Path

import cif_site_inputs  # noqa: F401 -- adds its cases
import cif_symmetry_inputs  # noqa: F401
import crystal_file_inputs  # noqa: F401
from crystal_cases import CASES, judge, prepare

if __name__ == "__main__":
    table: dict[str, Counter] = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as place:
            verdict = judge(case, prepare(case.make(Path(place)), case.form))
        word = verdict.split(":")[0].split()[0]
        table.setdefault(case.kind, Counter())[word] += 1
        if "-v" in sys.argv and word == "wrong":
            print(case.id, verdict[:300])
    print("kind       " + "".join(f"{word:>8}" for word in ("inputs", "right", "refused", "wrong")))
    for kind, counts in table.items():
        numbers = (sum(counts.values()), counts["right"], counts["refused"], counts["wrong"])
        print(f"{kind:10} " + "".join(f"{number:>8}" for number in numbers))
