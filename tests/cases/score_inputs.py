"""Commands on tables with bad rows: each bad row is rejected, all others come out."""

import csv
import json
from collections.abc import Callable
from pathlib import Path

from fault_inputs import Case

CASES: list[Case] = []
GOOD = """2
Lattice="{a} 0 0 0 {a} 0 0 0 {a}" Properties=species:S:1:pos:R:3 id="{id}" pbc="T T T"
{one} 0 0 0
{other} {half} {half} {half}
"""
A = 3.5


def crystal(name: str, one: str = "Cs", other: str = "Cl", a: float = 4.12, **change: str) -> str:
    text = GOOD.format(a=a, half=a / 2, id=name, one=one, other=other)
    for old, new in change.values():
        assert old in text
        text = text.replace(old, new)
    return text


BAD = {
    "count": crystal("count", x=("2\n", "7\n")),
    "word": crystal("word", x=("Cs 0 0 0", "Cs 0 zero 0")),
    "nan": crystal("nan", x=("Cs 0 0 0", "Cs 0 nan 0")),
    "element": crystal("element", x=("Cs ", "Qq ")),
    "molecule": crystal("molecule", x=("T T T", "F F F")),
    "slab": crystal("slab", x=("T T T", "T T F")),
    "flat": crystal("flat", x=('0 0 4.12"', '0 0 0"')),
    "inf": crystal("inf", x=("4.12 0 0 0", "inf 0 0 0")),
    "cut": crystal("cut").rsplit("\n", 2)[0] + "\n",
}
FILE = crystal("first") + "".join(BAD.values()) + crystal("second", "K", "Br", 4.0) + crystal("first")
NAMES = {"first", "second"}


def write(name: str, text: str) -> Callable[[], object]:
    return lambda: Path(name).write_text(text)


def table(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


def crystals(folder: str = "out", rows: set[str] = NAMES) -> Callable[[], str]:
    """Check that the good crystals are scored and each bad one is rejected with a reason."""

    def check() -> str:
        scored = {row["id"] for row in table(f"{folder}/crystals.csv") if row.get("failed") != "True"}
        rejected = table(f"{folder}/rejected.csv")
        lost = rows - scored
        # a frame whose count is wrong takes its neighbour in the file with it
        named = {row["id"] for row in rejected} | {"word"}
        if lost or not all(row["reason"] for row in rejected):
            return f"lost {lost}"
        missing = {"nan", "element", "molecule", "slab"} - named
        return f"neither scored nor rejected: {missing}" if missing else ""

    return check


def prepared(folder: str, names: set[str], rejected: int) -> Callable[[], str]:
    def check() -> str:
        import pyarrow.parquet as pq

        kept = set(pq.read_table(f"{folder}/records.parquet")["id"].to_pylist())
        count = len(table(f"{folder}/rejected.csv"))
        return "" if kept >= names and count >= rejected else f"kept {kept}, {count} rejected"

    return check


K = "score: bad rows"
SCORE = ("--output", "out")
CASES += [
    Case(
        K,
        "validity",
        ("score", "validity", "--structures", "in.extxyz", *SCORE),
        "",
        write("in.extxyz", FILE),
        crystals(),
    ),
    Case(
        K,
        "coverage",
        ("score", "crystals", "--structures", "in.extxyz", "--reference", "in.extxyz", *SCORE),
        "",
        write("in.extxyz", FILE),
        crystals(),
    ),
    Case(
        K,
        "prediction",
        ("score", "prediction", "--predicted", "in.extxyz", "--reference", "in.extxyz", *SCORE),
        "",
        write("in.extxyz", FILE),
        lambda: "" if {r["id"] for r in table("out/crystals.csv")} >= NAMES else "lost",
    ),
    Case(
        K,
        "prepare",
        ("prepare", "crystals", "--format", "extxyz", "--input", "in.extxyz", "--output-dir", "out"),
        "",
        write("in.extxyz", FILE),
        prepared("out", NAMES, 7),
    ),
    Case(
        K,
        "nothing good",
        ("prepare", "crystals", "--format", "extxyz", "--input", "in.extxyz", "--output-dir", "out"),
        "none of|no crystal",
        write("in.extxyz", BAD["nan"] + BAD["element"]),
    ),
]

ETHANE = """{id}
  made by hand      3D

  2  1  0  0  0  0  0  0  0  0999 V2000
    0.0000    0.0000    0.0000 {one}   0  0
    {x:.4f}    0.0000    0.0000 C   0  0
  1  2  {order}  0
M  END
$$$$
"""


def molecule(name: str, x: float = 1.5, one: str = "C", order: str = "1") -> str:
    return ETHANE.format(id=name, x=x, one=one, order=order)


# all atoms are there: fluorine needs no hydrogen
def fluorine(name: str, x: float = 1.4) -> str:
    return molecule(name, x, "F").replace("0.0000 C   0", "0.0000 F   0")


REFERENCE = fluorine("a") + fluorine("b", 1.41) + fluorine("c", 1.42)
BAD_MOLECULES = (
    fluorine("a")
    + fluorine("x").replace("F   0", "Qq  0", 1)
    + fluorine("y").replace("M  END\n", "")
    + fluorine("c", 1.5)
    + fluorine("b").replace("1.4000", "   nan")
    + fluorine("z")[:100]
)


def molecules() -> str:
    summary = json.loads(Path("out/summary.json").read_text())
    scored = {row["id"] for row in table("out/molecules.csv")}
    return "" if {"a", "c"} <= scored and summary["n"] >= 2 else f"{scored}, n = {summary['n']}"


def write_molecules() -> None:
    Path("reference.sdf").write_text(REFERENCE)
    Path("predicted.sdf").write_text(BAD_MOLECULES)


GEOMETRY = ("score", "geometry", "--predicted", "predicted.sdf", "--reference", "reference.sdf", *SCORE)
CASES += [
    Case(K, "geometry", GEOMETRY, "", write_molecules, molecules),
    Case(
        K,
        "a bad baseline",
        (*GEOMETRY, "--baseline", "mine=predicted.sdf"),
        "",
        write_molecules,
        molecules,
    ),
    Case(
        K,
        "relax molecules",
        ("relax", "molecules", "--input", "predicted.sdf", "--output", "out.sdf", "--method", "mmff94"),
        "",
        write_molecules,
        lambda: "" if len(table("out.rejected.csv")) in (4, 5, 6) else str(table("out.rejected.csv")),
    ),
    Case(
        K,
        "prepare molecules",
        ("prepare", "molecules", "--input", "predicted.sdf", "--output-dir", "out"),
        "",
        write_molecules,
        prepared("out", {"a", "c"}, 4),
    ),
]
