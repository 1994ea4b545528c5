"""Measure where each kernel of the Gaunt product is the fastest; write the shipped rules (gaunt/contraction).

python benchmarks/gaunt/rules.py [--output FILE] [--runs 20]
"""

import argparse
import json
from pathlib import Path

import torch

from groundstate.gaunt.contraction import rules
from groundstate.gaunt.contraction.fastest import measured_rules

OUTPUT = Path(rules.__file__).with_name("rules.json")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, default=OUTPUT)
    parser.add_argument("--runs", type=int, default=20)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    arguments.output.write_text(json.dumps(measured_rules(arguments.runs), indent=2) + "\n")


if __name__ == "__main__":
    main()
