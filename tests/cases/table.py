"""One table of all inputs of these cases: kind, inputs tried, right, refused by name, wrong, tracebacks.

    PYTHONPATH=src python tests/cases/table.py                       # this version
    git worktree add --detach /tmp/old c19b64c
    PYTHONPATH=src python tests/cases/table.py --before /tmp/old/src   # and an earlier one beside it

``-v`` names what is wrong; ``--kind score`` takes the kinds whose name begins so.
"""

import argparse
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

WORDS = ("right", "refused", "wrong", "traceback")


def verdicts(wanted: str) -> Iterator[tuple[str, str, str]]:
    """Give (kind, name, verdict) of every case whose kind begins with ``wanted``."""
    import crystal_inputs  # noqa: F401 -- adds its cases
    import fault_inputs
    import molecule_cases
    import molecule_inputs
    import score_inputs
    import start_inputs
    from crystal_cases import CASES as CRYSTALS
    from crystal_cases import judge as judge_crystal
    from crystal_cases import prepare

    read: dict[object, molecule_cases.Outcome] = {}
    for case in molecule_inputs.CASES:
        if not f"molecules: {case.kind}".startswith(wanted):
            continue
        if case.make not in read:
            with tempfile.TemporaryDirectory() as place:
                read[case.make] = molecule_cases.read(case.make(Path(place)))
        yield f"molecules: {case.kind}", f"{case.name} {case.id}", molecule_cases.judge(case, read[case.make])
    if "molecules: mmff_small".startswith(wanted):
        with tempfile.TemporaryDirectory() as place:
            for kind, name, verdict in start_inputs.judged(Path(place)):
                yield f"molecules: {kind}", name, verdict
    for case in CRYSTALS:
        if not f"crystals: {case.kind}".startswith(wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            yield (
                f"crystals: {case.kind}",
                case.name,
                judge_crystal(case, prepare(case.make(Path(place)), case.form)),
            )
    if "crystals: left_handed".startswith(wanted):
        yield from left_handed()
    for case in [*score_inputs.CASES, *fault_inputs.CASES]:
        kind = case.kind if ":" in case.kind else f"faults: {case.kind}"
        if not kind.startswith(wanted):
            continue
        with tempfile.TemporaryDirectory() as place:
            yield kind, case.name, fault_inputs.judge(case, Path(place))


def left_handed() -> Iterator[tuple[str, str, str]]:
    """Tell whether cells of either hand reach the potentials right-handed, and as the same crystal."""
    import ase
    import numpy as np
    from pymatgen.core import Lattice, Structure

    cells = {
        "rock salt": [[2.82, 0, 2.82], [0, 2.82, 2.82], [2.82, 2.82, 0]],
        "triclinic": [[4, 0, 0], [0.3, 0.4, 5], [0.5, 6, 0.2]],
        "mirrored": [[-4, 0, 0], [0, 4, 0], [0, 0, 4]],
    }
    for name, cell in cells.items():
        try:
            from groundstate.potentials.atoms import to_atoms
        except ImportError:
            from groundstate.potentials.phases import to_atoms
        structure = Structure(Lattice(cell), ["Na", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]])
        atoms: ase.Atoms = to_atoms(structure)
        same = np.allclose(np.sort(atoms.get_all_distances(mic=True)), np.sort(structure.distance_matrix))
        right = np.linalg.det(atoms.cell.array) > 0 and same
        yield "crystals: left_handed", name, "right" if right else "wrong: the cell stays left-handed"


def counted(wanted: str, tell: bool) -> dict[str, Counter]:
    table: dict[str, Counter] = {}
    for kind, name, verdict in verdicts(wanted):
        word = verdict.split(":")[0].split()[0]
        table.setdefault(kind, Counter())[word] += 1
        table[kind]["traceback"] += verdict.startswith("wrong: traceback")
        if tell and (word == "wrong" or "otherwise" in verdict):
            sys.stderr.write(f"{kind} | {name} | {verdict[:300]}\n")
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--before", type=Path, help="src of an earlier version")
    parser.add_argument("--kind", default="")
    parser.add_argument("--json", action="store_true", help="counts as JSON")
    parser.add_argument("-v", action="store_true")
    arguments = parser.parse_args()
    before = None
    if arguments.before:
        command = [sys.executable, __file__, "--json", "--kind", arguments.kind]
        environment = os.environ | {"PYTHONPATH": str(arguments.before)}
        done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        before = {kind: Counter(counts) for kind, counts in json.loads(done.stdout.splitlines()[-1]).items()}
    with contextlib.redirect_stdout(io.StringIO()):
        table = counted(arguments.kind, arguments.v)
    if arguments.json:
        print(json.dumps(table))
        return
    columns = [("before", before), ("now", table)] if before is not None else [("now", table)]
    print(
        f"{'kind':30}{'inputs':>8}" + "".join(f"{f'{label} {w}':>18}" for label, _ in columns for w in WORDS)
    )
    total = {label: sum(counts.values(), Counter()) for label, counts in columns}
    for kind in [*table, "all"]:
        mine = [(counts[kind] if kind != "all" else total[label]) for label, counts in columns]
        tried = sum(mine[-1][word] for word in WORDS[:3])
        print(f"{kind:30}{tried:>8}" + "".join(f"{one[word]:>18}" for one in mine for word in WORDS))


if __name__ == "__main__":
    main()
