"""The hard subset after relaxation: compositions whose true structure no template fits.

    python benchmarks/hard_compositions.py --data FOLDER --output O [--relaxations 5] [--rows diffusion]

Compositions, templates and folder are those of ``structure_prediction.py`` (O holds its ``hard.json``). Of
each composition ``--relaxations`` crystals of each source are relaxed by SevenNet-0, at most ``--steps`` FIRE
steps; it is found where one of them fits the true structure (``StructureMatcher`` with its defaults,
``fit``). ``diffusion`` and ``symmetric`` draw 100 without template and relax those of the lowest energy as
drawn, each kind once; ``random`` is random search, ``template`` the likest templates. Relaxations are kept: a
killed run goes on.
"""

import argparse
import json
import time
from collections import Counter
from pathlib import Path

import numpy as np
import torch
from pymatgen.analysis.structure_matcher import StructureMatcher
from structure_energies import relaxed
from structure_prediction import PARTS, validation_crystals

from groundstate.api.weights import checkpoint_of
from groundstate.crystals.structures import to_structure
from groundstate.crystals.templates.shipped import shipped_templates
from groundstate.discovery.lowest import Lowest
from groundstate.discovery.proposals import (
    Diffusion,
    ProposalSource,
    RandomSearch,
    SymmetricSearch,
    Templates,
)
from groundstate.discovery.wanted import Wanted
from groundstate.metrics.bootstrap import bootstrap_interval
from groundstate.potentials.cache import Cache
from groundstate.stability.evaluation import calculations_of
from groundstate.stability.settings import ScoreStability

DRAWS = 100


def main() -> None:
    """Relax composition by composition, and print a line a source."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--relaxations", type=int, default=5)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--rows", nargs="*", default=["diffusion", "random", "template"])
    options = parser.parse_args()
    torch.set_num_threads(1)
    flags = json.loads((options.output / "hard.json").read_text())["value"]
    pairs = zip(validation_crystals(options.data, len(flags), 0), flags, strict=True)
    truths = [one for one, hard in pairs if hard]
    truths.sort(key=lambda one: len(one.atomic_numbers))
    number = options.relaxations
    judge = calculations_of(ScoreStability(workers=0), Cache(options.output / "energies"))
    sources: dict[str, ProposalSource] = {
        "diffusion": Lowest(Diffusion(checkpoint_of("crystals", None), DRAWS, 0), number, judge),
        "symmetric": Lowest(SymmetricSearch(DRAWS, 0), number, judge),
        "random": RandomSearch(number, 0),
        "template": Templates(shipped_templates(PARTS), number),
    }
    matcher = StructureMatcher()
    for name in options.rows:
        begun, hits, relaxations = time.process_time(), [], 0
        for truth in truths:
            counts = Counter(truth.atomic_numbers.tolist())
            proposals = sources[name].propose(Wanted(dict(counts), [dict(counts)]))
            ends = relaxed([one.crystal for one in proposals], options.output, options.steps)
            relaxations += len(proposals)
            hits.append(any(matcher.fit(to_structure(one), to_structure(truth)) for _, one in ends.values()))
            print(f"  {name}: {len(hits)} of {len(truths)}, {sum(hits)} found", flush=True)
        low, high = bootstrap_interval(np.array(hits, float))
        print(
            f"{name}: {sum(hits)} of {len(hits)} = {np.mean(hits):.0%} ({low:.0%}-{high:.0%}) found, "
            f"{relaxations} relaxations, {time.process_time() - begun:.0f} CPU-s",
            flush=True,
        )


if __name__ == "__main__":
    main()
