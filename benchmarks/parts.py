"""Results of a benchmark, molecule by molecule, in files that a later run takes up and joins."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path


def collect(
    folder: Path, what: str, names: Sequence[str], part: str, work: Callable[[str], dict]
) -> dict[str, dict]:
    """Results by name, of all parts that are there: ``FOLDER/WHAT-K-of-N.jsonl``.

    Those of ``part`` (``K/N``: every N-th name from the K-th) that are missing are made by ``work`` now, and
    written one by one; the reason where ``work`` fails, for one molecule never loses the others.
    """
    number, parts = map(int, part.split("/"))
    folder.mkdir(parents=True, exist_ok=True)
    found: dict[str, dict] = {}
    for path in sorted(folder.glob(f"{what}-*-of-*.jsonl")):
        for line in path.read_text().splitlines():
            try:
                one = json.loads(line)
            except json.JSONDecodeError:  # what a killed run has begun
                continue
            found[one.pop("id")] = one
    mine = [name for name in names[number - 1 :: parts] if name not in found]
    with (folder / f"{what}-{number}-of-{parts}.jsonl").open("a") as stream:
        for done, name in enumerate(mine, 1):
            try:
                one = work(name)
            except Exception as error:
                one = {"failed": repr(error)}
            text = json.dumps({"id": name} | one, default=float)
            stream.write(f"\n{text}\n")  # the line before may be torn
            stream.flush()
            found[name] = json.loads(text)
            found[name].pop("id")
            print(f"- {done} of {len(mine)}, {name}: {one.get('failed', one.get('shown', ''))}", flush=True)
    return {name: found[name] for name in names if name in found}
