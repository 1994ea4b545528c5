"""The closing table of a stability score as Markdown: generated crystals beside their controls.

    groundstate score stability --structures generated.extxyz --reference records.parquet --output table \\
      --settings '{"max_crystals": 200, "max_atoms": 6, "prototype_phases": 2, "second_potential": "chgnet",
        "controls": ["random_search", "prototypes", "training_replay"]}'
    python benchmarks/stability_table.py table/summary.json
"""

import argparse
import json
from pathlib import Path

SHARES = ("converged", "unique", "novel")
BARS = ("0mev", "25mev", "100mev")
MEDIANS = ("formation_energy_per_atom", "energy_above_hull", "relaxation_energy", "displacement")
AGREEMENT = (
    "mean_absolute_difference_formation_energy_per_atom",
    "mean_absolute_difference_energy_above_hull",
)


def cell(summary: dict, key: str, percent: bool) -> str:
    """A value with its interval."""
    if key not in summary:
        return "-"
    low, high = summary["intervals"][key]
    if percent:
        return f"{100 * summary[key]:.1f} % ({100 * low:.1f} to {100 * high:.1f})"
    return f"{summary[key]:.3f} ({low:.3f} to {high:.3f})"


def line(first: str, cells: list[str]) -> str:
    """A row of a Markdown table."""
    return f"| {first} | {' | '.join(cells)} |"


def main() -> None:
    """Print the tables of rates, of the comparisons with controls, and of the second potential."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("summary", type=Path)
    whole = json.loads(parser.parse_args().summary.read_text())
    sets = {"generated": whole, **whole["baselines"]}
    print(line("share of all scored", [name.replace("_", " ") for name in sets]))
    print("|---" * (len(sets) + 1) + "|")
    for key in ("scored", "hull_incomplete", "magnetic", "f_electron"):
        print(line(key.replace("_", " "), [str(summary[key]) for summary in sets.values()]))
    for key in whole["classes"]:
        print(line(f"class {key}", [str(summary["classes"][key]) for summary in sets.values()]))
    keys = [(key, key) for key in SHARES]
    for before in ("", "_before"):
        for kind, word in (("stable", "at most"), ("sun", "S.U.N. at")):
            for bar in BARS:
                text = f"{word} {bar.removesuffix('mev')} meV/atom{', before relaxing' if before else ''}"
                keys.append((f"{kind}_{bar}{before}", text))
    for key, text in keys:
        print(line(text, [cell(summary, key, True) for summary in sets.values()]))
    for key in MEDIANS:
        text = f"median {key.replace('_', ' ')}"
        print(line(text, [cell(summary, f"median_{key}", False) for summary in sets.values()]))
    for name in ("random_search", "prototypes"):
        against = whole.get(f"against_{name}")
        if against:
            print(f"\n| generated against {name.replace('_', ' ')} | |\n|---|---|")
            for key, value in against.items():
                if key != "intervals":
                    shown = key in against["intervals"]
                    text = cell(against, key, key != "mean_difference") if shown else str(value)
                    print(line(key.replace("_", " "), [text]))
    if "agreement" in whole:
        print("\n" + line("second potential, same geometries", list(sets)))
        print("|---" * (len(sets) + 1) + "|")
        for key in (*AGREEMENT, *(f"{who}_stable_{bar}" for who in ("both", "same") for bar in BARS)):
            cells = [cell(summary["agreement"], key, key not in AGREEMENT) for summary in sets.values()]
            print(line(key.replace("_", " "), cells))
    hull = whole["hull"]
    counts = sorted(hull["phases_per_system"].values())
    print(
        f"\nHull: {hull['label']}; {hull['phases_from_structures']} known phases, "
        f"{hull['phases_from_prototypes']} prototypes; phases a system: median {counts[len(counts) // 2]}, "
        f"{counts[0]} to {counts[-1]}"
    )


if __name__ == "__main__":
    main()
