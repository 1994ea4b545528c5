"""Siblings of the inputs in ``tests/data/molecule_cases``, each with what is right."""

import gzip
import re
from collections.abc import Callable
from pathlib import Path

from molecule_cases import Case, given

CASES: list[Case] = given()
GIVEN = len(CASES)


def file(name: str, data: str | bytes, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(data if isinstance(data, bytes) else data.encode(encoding))
        return folder / name

    return make


def add(
    kind: str,
    name: str,
    make: Callable[[Path], Path],
    kept: dict[str, str] | None = None,
    refused: dict[str, str] | None = None,
) -> None:
    """Add a file: ``kept`` id -> SMILES (isomers as ``id-1`` ...), ``refused`` id -> reason (regex)."""
    isomers: dict[str, dict[str, str]] = {}
    for one, smiles in (kept or {}).items():
        base = one.rpartition("-")[0]
        source = base if re.fullmatch(r".+-\d", one) and f"{base}-2" in (kept or {}) else one
        isomers.setdefault(source, {})[one] = smiles
    for source, ids in isomers.items():
        CASES.append(Case(kind, name, make, source, ids))
    for one, reason in (refused or {}).items():
        CASES.append(Case(kind, name, make, one, {}, reason))


# ---- stereo: one id in, one record out, but for different molecules that exist
ONE_MOLECULE = {
    "hexamethylenetetramine": "C1N2CN3CN1CN(C2)C3",
    "methyldabco_free": "C1CN2CCN1CC2",
    "azaquinuclidine": "C1CN2CCN(C1)C2",
    "twistane_like": "C1CC2CCC1CC2",
    "basketane_part": "C1C2CC1C2",
    "propellane": "C1C23CC1(C2)C3",
    "prismane": "C12C3C1C4C2C34",
    "azetidine": "CN1CCC1",
    "diaziridine": "CC1(C)NN1",
    "quinuclidinone": "O=C1CN2CCC1CC2",
    "sulfoxide_even": "CS(=O)C",
    "amine_oxide_even": "C[N+](C)([O-])CC",
    "phosphine_even": "CP(C)CC",
    "guanidine": "CN=C(N)N",
    "allene_even": "CC(C)=C=C",
}
for name, smiles in ONE_MOLECULE.items():
    add("false_stereo", "sibling", file("in.smi", f"{smiles} {name}\n"), {name: smiles})
for name, smiles in {
    "troeger": "Cc1ccc2c(c1)CN1CN2Cc2cc(C)ccc21",
    "troeger_marked": "Cc1ccc2c(c1)C[N@@]1C[N@]2Cc2cc(C)ccc21",
}.items():
    add(
        "false_stereo",
        "sibling",
        file("in.smi", f"{smiles} {name}\n"),
        {},
        {name: "stereo of the bridgehead"},
    )
add(
    "false_stereo",
    "true_ones",
    file("in.smi", "CC(O)F carbon\nCC=CC bond\nCS(=O)CC sulfur\nCC1CN2CCC1CC2 cage\n"),
    {"carbon-1": "", "carbon-2": "", "bond-1": "", "bond-2": "", "sulfur-1": "", "sulfur-2": ""}
    | {"cage-1": "", "cage-2": ""},
)
for name, smiles in {
    "marked": "C[N@]1C[C@@H]1C",
    "ring_marked": "C[C@@H]1CN1C",
    "trans": "C[C@H]1O[C@@H]1C",
    "e": "C/C=C/C",
}.items():
    add("aziridine", name, file("in.smi", f"{smiles} {name}\nCC other\n"), {name: smiles, "other": "CC"})

# ---- stereo that the input leaves to groups, or that no mark can hold
MARKED = "C[C@H](F)[C@@H](Cl)O"
for name, extension, count in [
    ("and", "|&1:1,3|", 2),
    ("or", "|o1:1,3|", 2),
    ("and_or", "|&1:1,o2:3|", 4),
    ("absolute", "|a:1,3|", 1),
    ("labels", "|$;;;;x;;$|", 1),
]:
    ids = [name] if count == 1 else [f"{name}-{number}" for number in range(1, count + 1)]
    add("enhanced_stereo", name, file("in.smi", f"{MARKED} {extension} {name}\n"), dict.fromkeys(ids, ""))
for name, smiles in {
    "allene": "CC=C=CC",
    "biaryl": "Cc1cccc(Cl)c1-c1c(C)cccc1O",
    "butatriene": "CC=C=C=CC",
    "pentatetraene": "CC=C=C=C=CC",
    "allenylidene": "FC=C=C1CCC(C)CC1",
    "alkylidene": "FC=C1CCC(C)CC1",
    "oxime": "ON=C1CC(C)C1",
    "biring": "CC1CCC(=C2CCC(C)CC2)CC1",
    "spirane": "CC1CC2(C1)CC(Cl)C2",
    "spiroketal": "C1CCC2(O1)CCCO2",
}.items():
    add(
        "enhanced_stereo",
        "axis",
        file("in.smi", f"{smiles} {name}\nCC e\n"),
        {"e": "CC"},
        {name: "stereo of the axis|undefined stereo"},
    )

# ---- text as files have it
TEXT = "CCO éthanol\nc1ccccc1 benzène\n"
BOTH = {"éthanol": "CCO", "benzène": "c1ccccc1"}
K = "smiles_files"
for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"):
    add(K, encoding, file("in.smi", TEXT, encoding), BOTH)
    add(K, f"gz {encoding}", file("in.smi.gz", gzip.compress(TEXT.encode(encoding))), BOTH)
for header in ("smiles,SMILES,id", "id,smiles,smiles", "id,smiles,id"):
    add(
        K, f"twice: {header}", file("in.csv", f"{header}\nCC,CCC,CCCC\n"), {}, {"": "has the column .* twice"}
    )
add(K, "cr", file("in.smi", TEXT.replace("\n", "\r")), BOTH)
add(K, "upper suffix", file("IN.SMI", TEXT), BOTH)
add(K, "gz without suffix", file("in.smi", gzip.compress(TEXT.encode())), BOTH)
add(K, "cut gz", file("in.smi.gz", gzip.compress(TEXT.encode() * 99)[:-30]), {}, {"": "broken or cut"})
add(K, "garbage", file("in.smi", bytes(range(256)) * 9), {}, {"": "."})
add(K, "empty", file("in.smi", b""), {}, {"": "is it empty"})
add(K, "blank lines", file("in.smi", "\n\nCC a\n\n\nCCC b\n\n"), {"a": "CC", "b": "CCC"})
add(K, "bad middle", file("in.smi", "CC a\nC(C x\nCCC b\n"), {"a": "CC", "b": "CCC"}, {"x": "parenthes"})
add(K, "unknown", file("in.smi", "CC a\n[Xx] x\nCCC b\n"), {"a": "CC", "b": "CCC"}, {"x": "Xx"})
add(K, "valence", file("in.smi", "CC a\nC(C)(C)(C)(C)C x\n"), {"a": "CC"}, {"x": "atom 1 .*valence"})
add(K, "short row", file("in.csv", "smiles,id,gap\nCC,a,1\nCCC\nCCCC,b,2\n"), {"a": "CC", "b": "CCCC"})
add(K, "long row", file("in.csv", "smiles,id\nCC,a\nCCC,x,y,z\nCCCC,b\n"), {"a": "CC", "b": "CCCC"})
add(K, "open quote", file("in.csv", 'smiles,id\nCC,a\n"CCC,x\nCCCC,b\n'), {"a": "CC", "b": "CCCC"})
add(K, "nul", file("in.csv", b"smiles,id\nCC,a\n\x00,x\nCCCC,b\n"), {"a": "CC", "b": "CCCC"}, {"x": "."})
add(K, "dup", file("in.csv", "smiles,id\nCC,a\nCCC,a\n"), {"a": "CC"}, {"a": "occurs twice"})
add(K, "no column", file("in.csv", "structure,id\nCC,a\n"), {}, {"": "no column smiles"})
add(K, "big", file("in.smi", f"CC a\n{'C' * 1500} x\nCCC b\n"), {"a": "CC", "b": "CCC"}, {"x": "atoms"})

# ---- SDF
ETHANE = "{}\n  made by hand\n\n  2  1  0  0  0  0  0  0  0  0999 V2000\n" + (
    "    0.0000    0.0000    0.0000 C   0  0\n    1.5000    0.0000    0.0000 C   0  0\n  1  2  1  0\nM  END\n"
)
END = "$$$$\n"


def record(name: str, change: tuple[str, str] = ("", ""), fields: str = "") -> str:
    return ETHANE.format(name).replace(*change) + fields + END


PAIR = {"a": "CC", "z": "CC"}
K = "sdf_files"
A, Z = record("a"), record("z")
add(K, "cut atoms", file("in.sdf", A + Z + ETHANE.format("x")[:120]), PAIR, {"x": "cut"})
add(K, "cut bonds", file("in.sdf", A + Z + ETHANE.format("x")[:-9]), PAIR, {"x": "cut"})
add(K, "cut first", file("in.sdf", ETHANE.format("x")[:-9]), {}, {"": "not an SDF, or cut"})
add(K, "cut field", file("in.sdf", A + ETHANE.format("z") + ">  <gap>\n1."), PAIR)
add(K, "gz", file("in.sdf", gzip.compress((A + Z).encode())), PAIR)
add(K, "utf-16", file("in.sdf", A + Z, "utf-16"), PAIR)
add(K, "latin-1", file("in.sdf", A + record("é") + Z, "latin-1"), PAIR | {"é": "CC"})
add(K, "atom count", file("in.sdf", A + record("x", ("  2  1", "  9  1")) + Z), PAIR, {"x": "."})
add(K, "bond index", file("in.sdf", A + record("x", ("  1  2  1", "  1  7  1")) + Z), PAIR, {"x": "."})
add(K, "comma", file("in.sdf", A + record("x", ("1.5000", "1,5000")) + Z), PAIR, {"x": "decimal comma"})
add(K, "nan", file("in.sdf", A + record("x", ("1.5000", "   nan")) + Z), PAIR, {"x": "coordinate"})
add(K, "words", file("in.sdf", A + record("x", ("V2000", "V9000")) + Z), PAIR, {"x": "."})
add(K, "no counts", file("in.sdf", A + f"x\n\n\n\nM  END\n{END}" + Z), PAIR, {"x": "."})
add(K, "csv", file("in.sdf", "id,smiles\n1,CC\n"), {}, {"": "not an SDF"})

K = "sdf_chem"
for name, change, reason in [
    ("query", (" C   0", " Q   0"), "stands for several"),
    ("dummy", (" C   0", " *   0"), "stands for several"),
    ("no_element", (" C   0", " Qq  0"), "no element"),
    ("any_bond", ("  1  2  1", "  1  2  8"), "several kinds of bond"),
    ("self", ("  1  2  1", "  1  1  1"), "self-bond"),
    ("valence", ("  1  2  1", "  1  2  5"), "."),
]:
    add(K, name, file("in.sdf", A + record(name, change) + Z), PAIR, {name: reason})
add(K, "deuterium", file("in.sdf", record("d", (" C   0", " D   0"))), {"d": "[2H][2H]"})

K = "odd_ids"
for name in (
    "=1+1",
    "../x",
    "C:\\x",
    "日本",
    "a  b",
    "-0",
    "1e5",
    "True",
    "null",
    "x" * 400,
    "'",
    '"',
    ">",
    "#x",
):
    add(K, "smi", file("in.smi", f"CC {name}\n"), {name: "CC"})
    add(K, "sdf", file("in.sdf", record(name)), {name: "CC"})
add(K, "nul", file("in.smi", "CC a\x00b\nCC c\n"), {"c": "CC"}, {"a\x00b": "not printable"})
add(K, "escape", file("in.smi", "CC a\x1bb\nCC c\n"), {"c": "CC"}, {"a\x1bb": "not printable"})
add(K, "no id", file("in.smi", "CC\nCCC\n"), {"in-1": "CC", "in-2": "CCC"})

K = "nan_property"
for value in ("nan", "inf", "-Infinity", "1e400", "12%", "1_000", "0x1F", "1,5"):
    fields = f">  <gap>\n{value}\n\n"
    add(K, value, file("in.sdf", A + record("n", fields=fields) + Z), PAIR | {"n": "CC"})
