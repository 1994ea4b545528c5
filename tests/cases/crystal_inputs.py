"""Inputs as people have them, by kind, each with what is right; run this file to count them.

The files of ``tests/data/crystals`` were made by hand after public trouble reports; the texts here are their
siblings. Run with PYTHONPATH on another version of ``src``, the table tells what that version does.
"""

import contextlib
import csv
import gzip
import io
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow.parquet as pq

DATA = Path(__file__).parents[1] / "data/crystals"
SETTINGS = '{"max_atoms": 1000, "max_atoms_per_element": 1000}'
SYMBOLS = [
    "X",
    "H",
    "He",
    "Li",
    "Be",
    "B",
    "C",
    "N",
    "O",
    "F",
    "Ne",
    "Na",
    "Mg",
    "Al",
    "Si",
    "P",
    "S",
    "Cl",
    "Ar",
    "K",
    "Ca",
    "Sc",
    "Ti",
    "V",
    "Cr",
    "Mn",
    "Fe",
    "Co",
    "Ni",
    "Cu",
    "Zn",
    "Ga",
    "Ge",
    "As",
    "Se",
    "Br",
    "Kr",
    "Rb",
    "Sr",
    "Y",
    "Zr",
    "Nb",
    "Mo",
    "Tc",
    "Ru",
    "Rh",
    "Pd",
    "Ag",
    "Cd",
    "In",
    "Sn",
    "Sb",
    "Te",
    "I",
    "Xe",
    "Cs",
    "Ba",
    "La",
    "Ce",
    "Pr",
    "Nd",
    "Pm",
    "Sm",
    "Eu",
    "Gd",
    "Tb",
    "Dy",
    "Ho",
    "Er",
    "Tm",
    "Yb",
    "Lu",
    "Hf",
    "Ta",
    "W",
    "Re",
    "Os",
    "Ir",
    "Pt",
    "Au",
    "Hg",
    "Tl",
    "Pb",
    "Bi",
]


@dataclass
class Outcome:
    """What became of an input: content by id, reason by id, and the sentence where all was refused."""

    kept: dict[str, str] = field(default_factory=dict)
    rejected: dict[str, str] = field(default_factory=dict)
    sentence: str = ""
    traceback: str = ""


def prepare(path: Path, form: str) -> Outcome:
    """Run ``prepare crystals`` in this process."""
    from groundstate.cli import main

    errors, out = io.StringIO(), Path(tempfile.mkdtemp())
    command = ["prepare", "crystals", "--input", str(path), "--format", form, "--output-dir", str(out)]
    try:
        with contextlib.redirect_stderr(errors), contextlib.redirect_stdout(io.StringIO()):
            main([*command, "--settings", SETTINGS])
    except SystemExit as end:
        if end.code not in (0, None):
            return Outcome(sentence=errors.getvalue().splitlines()[-1])
    except Exception as error:
        return Outcome(traceback=f"{type(error).__name__}: {error}")
    rows = pq.read_table(out / "records.parquet").to_pylist()
    kept = {row["id"]: content(row["atomic_numbers"]) for row in rows}
    with (out / "rejected.csv").open(newline="", encoding="utf-8") as handle:
        return Outcome(kept, {row["id"]: row["reason"] for row in csv.DictReader(handle)})


def content(numbers: list[int]) -> str:
    counts = Counter(SYMBOLS[number] for number in numbers)
    return " ".join(f"{symbol}{counts[symbol]}" for symbol in sorted(counts))


@dataclass(frozen=True)
class Case:
    """One input: ``make`` writes it into a folder; ``kept`` id -> content, ``refused`` id -> reason (regex)."""

    kind: str
    name: str
    form: str
    make: Callable[[Path], Path]
    kept: dict[str, str]
    refused: dict[str, str]

    @property
    def id(self) -> str:
        return f"{self.kind}-{self.name}"


CASES: list[Case] = []


def add(
    kind: str,
    name: str,
    form: str,
    make: Callable[[Path], Path],
    kept: dict | None = None,
    refused: dict | None = None,
) -> None:
    CASES.append(Case(kind, name, form, make, kept or {}, refused or {}))


def given(
    kind: str, form: str, folder: str, name: str, kept: dict | None = None, refused: dict | None = None
) -> None:
    add(kind, name, form, lambda _: DATA / folder / name, kept, refused)


def text(name: str, body: str, encoding: str = "utf-8") -> Callable[[Path], Path]:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(body.encode(encoding))
        return folder / name

    return make


def cell(a: float, b: float | None = None, c: float | None = None, angles: tuple = (90, 90, 90)) -> str:
    lengths = (a, b or a, c or a)
    return "".join(
        f"_cell_length_{axis} {value}\n" for axis, value in zip("abc", lengths, strict=True)
    ) + "".join(
        f"_cell_angle_{name} {value}\n"
        for name, value in zip(("alpha", "beta", "gamma"), angles, strict=True)
    )


def sites(rows: str, types: bool = True, more: str = "") -> str:
    columns = ["label", *(["type_symbol"] if types else []), "fract_x", "fract_y", "fract_z", *more.split()]
    return "loop_\n" + "".join(f"_atom_site_{column}\n" for column in columns) + rows + "\n"


def cif(name: str, kind: str, body: str, kept: str | None = None, refused: str | None = None) -> None:
    """Add a CIF whose only crystal has the file's name."""
    add(
        kind,
        name,
        "cif",
        text(f"{name}.cif", body),
        {} if kept is None else {name: kept},
        {} if refused is None else {name: refused},
    )


# ---- symmetry stated in every way
K = "symmetry"
for name in [
    "ddlm_hm",
    "ddlm_number",
    "hall_old",
    "hall_only",
    "hm_alt",
    "hm_full",
    "hm_old",
    "hm_question",
    "it_number_new",
    "it_number_old",
]:
    given(K, "cif", "cif_symmetry", f"{name}.cif", {name: "Ca4 F8"})
given(K, "cif", "cif_symmetry", "hm_P1_number_225.cif", refused={"hm_P1_number_225": "contradict each other"})
given(
    K,
    "cif",
    "cif_symmetry",
    "identity_op_but_Fm3m.cif",
    refused={"identity_op_but_Fm3m": "states F m -3 m, but"},
)
HEX = (90, 90, 120)
SPINEL = "Mg1 Mg 0.125 0.125 0.125\nAl1 Al 0.5 0.5 0.5\nO1 O 0.2624 0.2624 0.2624"
FLUORITE = sites("Ca1 Ca 0 0 0\nF1 F 0.25 0.25 0.25")
PRE = "data_x\n"
cif("compact", K, PRE + cell(5.463) + "_space_group_name_H-M_alt Fm-3m\n" + FLUORITE, "Ca4 F8")
cif("old_m3m", K, PRE + cell(5.463) + "_symmetry_space_group_name_H-M 'F m 3 m'\n" + FLUORITE, "Ca4 F8")
cif("upper_tags", K, PRE + cell(5.463) + "_SYMMETRY_INT_TABLES_NUMBER 225\n" + FLUORITE, "Ca4 F8")
cif(
    "rutile",
    K,
    PRE
    + cell(4.594, 4.594, 2.959)
    + "_symmetry_space_group_name_H-M 'P 42/m n m'\n"
    + sites("Ti1 Ti 0 0 0\nO1 O 0.305 0.305 0"),
    "O4 Ti2",
)
cif(
    "monoclinic",
    K,
    PRE
    + cell(5.15, 5.21, 5.32, (90, 99.2, 90))
    + "_symmetry_space_group_name_H-M 'P 21/c'\n"
    + sites("Zr1 Zr 0.275 0.04 0.208\nO1 O 0.07 0.332 0.345\nO2 O 0.45 0.757 0.479"),
    "O8 Zr4",
)
cif(
    "wurtzite_rounded",
    K,
    PRE
    + cell(3.25, 3.25, 5.2, HEX)
    + "_space_group_IT_number 186\n"
    + sites("Zn1 Zn 0.3333 0.6667 0\nO1 O 0.333 0.667 0.382"),
    "O2 Zn2",
)
cif(
    "rhombohedral_axes",
    K,
    PRE
    + cell(4.75, 4.75, 4.75, (57.2,) * 3)
    + "_space_group_name_H-M_alt 'R -3 m'\n"
    + sites("Bi1 Bi 0.234 0.234 0.234"),
    "Bi2",
)
cif(
    "hexagonal_axes",
    K,
    PRE
    + cell(4.546, 4.546, 11.86, HEX)
    + "_space_group_name_H-M_alt 'R -3 m H'\n"
    + sites("Bi1 Bi 0 0 0.234"),
    "Bi6",
)
cif(
    "spinel_by_formula",
    K,
    PRE
    + "_chemical_formula_sum 'Al2 Mg O4'\n"
    + cell(8.08)
    + "_symmetry_space_group_name_H-M 'F d -3 m'\n"
    + sites(SPINEL),
    "Al16 Mg8 O32",
)
cif(
    "spinel_origin_2",
    K,
    PRE + cell(8.08) + "_space_group_name_H-M_alt 'F d -3 m :2'\n" + sites(SPINEL),
    "Al16 Mg8 O32",
)
cif(
    "spinel_icsd",
    K,
    PRE + cell(8.08) + "_symmetry_space_group_name_H-M 'F d -3 m Z'\n" + sites(SPINEL),
    "Al16 Mg8 O32",
)
cif(
    "diamond_no_origin",
    K,
    PRE + cell(3.567) + "_symmetry_space_group_name_H-M 'F d -3 m'\n" + sites("C1 C 0 0 0"),
    refused="state the setting",
)
cif(
    "bns_only",
    K,
    PRE + cell(5.463) + "_space_group_magn.number_BNS 225.116\n" + FLUORITE,
    refused="no operations are listed",
)
cif(
    "magnetic_operations",
    K,
    PRE + cell(4.2) + "loop_\n_space_group_symop_magn_operation.id\n_space_group_symop_magn_operation.xyz\n"
    "1 x,y,z,+1\n2 x+1/2,y+1/2,z,-1\n" + sites("Mn1 Mn 0 0 0\nO1 O 0 0 0.5"),
    "Mn2 O2",
)
cif(
    "cubic_system_only",
    K,
    PRE + cell(5.463) + "_space_group_crystal_system cubic\n" + FLUORITE,
    refused="no space group is stated",
)
cif(
    "no_such_group",
    K,
    PRE + cell(5.463) + "_symmetry_space_group_name_H-M 'Q m -3 m'\n" + FLUORITE,
    refused="which is no space group",
)
cif("number_999", K, PRE + cell(5.463) + "_space_group_IT_number 999\n" + FLUORITE, refused="no space group")
cif(
    "cell_of_another_system",
    K,
    PRE + cell(5.463, 5.9, 6.4) + "_space_group_IT_number 225\n" + FLUORITE,
    refused="does not have the symmetry of F m -3 m",
)
cif(
    "operation_misprinted",
    K,
    PRE
    + cell(4.2)
    + "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\n-x,y,z\nx,-y,z\n"
    + sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"),
    refused="no group",
)
cif(
    "operation_unreadable",
    K,
    PRE
    + cell(4.2)
    + "loop_\n_symmetry_equiv_pos_as_xyz\nx,y,z\nq,y,z\n"
    + sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"),
    refused="'q,y,z' cannot be read",
)
cif(
    "modulated",
    K,
    PRE + cell(4.2) + "_space_group_ssg_name 'P m(0 0 g)'\n" + sites("Na1 Na 0 0 0"),
    refused="a modulated structure",
)
cif(
    "group_and_operations_differ",
    K,
    PRE + cell(4.2) + "_space_group_IT_number 225\nloop_\n"
    "_space_group_symop_operation_xyz\nx,y,z\n-x,-y,-z\n" + sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"),
    refused="lists 2 operations",
)
cif("nothing_stated", K, PRE + cell(4.2) + sites("Cs1 Cs 0 0 0\nCl1 Cl 0.5 0.5 0.5"), "Cl1 Cs1")

# ---- elements from labels
K = "labels"
given(K, "cif", "cif_labels_only", "alpha.cif", {"alpha": "C2 N1 O1"})
given(K, "cif", "cif_labels_only", "hydroxide.cif", {"hydroxide": "H2 Li2 O2"})
given(K, "cif", "cif_labels_only", "hydroxide_sym.cif", {"hydroxide_sym": "H2 Li2 O2"})
given(K, "cif", "cif_sites", "labels_CA_CB.cif", refused={"labels_CA_CB": "the site CA has no type symbol"})
given(K, "cif", "cif_sites", "labels_mineral.cif", refused={"labels_mineral": "has no type symbol"})
given(K, "cif", "cif_sites", "deuterium_label_only.cif", {"deuterium_label_only": "H1 Li1"})
cif(
    "capitals",
    K,
    PRE + "_chemical_formula_sum 'Cl Na'\n" + cell(4) + sites("NA1 0 0 0\nCL1 0.5 0.5 0.5", False),
    "Cl1 Na1",
)
cif(
    "cobalt",
    K,
    PRE + "_chemical_formula_sum 'Co O'\n" + cell(4) + sites("CO1 0 0 0\nO1 0.5 0.5 0.5", False),
    "Co1 O1",
)
cif(
    "carbon",
    K,
    PRE + "_chemical_formula_sum 'C O'\n" + cell(4) + sites("CO1 0 0 0\nO1 0.3 0 0", False),
    "C1 O1",
)
cif(
    "holmium",
    K,
    PRE + "_chemical_formula_sum 'Ho O'\n" + cell(4) + sites("HO1 0 0 0\nO1 0.5 0.5 0.5", False),
    "Ho1 O1",
)
cif(
    "capitals_without_formula",
    K,
    PRE + cell(4) + sites("SI1 0 0 0\nO1 0.5 0.5 0.5", False),
    refused="may be two elements",
)
cif(
    "water", K, PRE + cell(4) + sites("Wat1 0 0 0\nNa1 0.5 0.5 0.5", False), refused="its label is no element"
)
cif(
    "formula_of_neither",
    K,
    PRE + "_chemical_formula_sum 'H2 O'\n" + cell(4) + sites("HO1 0 0 0\nO1 0.5 0.5 0.5", False),
    refused="_chemical_formula_sum says H2 O1",
)

# ---- sites, occupancies, grammar
K = "sites"
MGO = [
    "aniso_before_sites",
    "charge_symbols",
    "charge_symbols_rev",
    "comment_in_loop",
    "crlf",
    "latin1",
    "row_broken",
    "two_rows_a_line",
    "value_next_line",
    "cartn_only",
]
for name in MGO:
    given(K, "cif", "cif_sites", f"{name}.cif", {name: "Mg1 O1"})
for name in ("occupancy_09999", "occupancy_dot", "occupancy_esd"):
    given(K, "cif", "cif_sites", f"{name}.cif", {name: "Cl1 Na1"})
given(K, "cif", "cif_sites", "upper_case_symbols.cif", {"upper_case_symbols": "Cl1 Mg1"})
given(K, "cif", "cif_sites", "charge_sym.cif", {"charge_sym": "Mg4 O4"})
given(K, "cif", "cif_sites", "deuterium_p1.cif", {"deuterium_p1": "H1 Li1"})
given(K, "cif", "cif_sites", "duplicate_sites.cif", {"duplicate_sites": "Mg1 O1"})
for name in ("multi_blocks", "upper_DATA"):
    given(K, "cif", "cif_sites", f"{name}.cif", {f"{name}-I": "Mg1 O1", f"{name}-II": "Cl1 Na1"})
for name, reason in {
    "calc_dummy": "the site Cg1 is of the type 'X'",
    "h_absent_but_in_formula": "its sites hold Li2 O2, but _chemical_formula_sum says H2 Li2 O2",
    "h_question": "coordinate of the site H1 is not given",
    "h_question_sym": "coordinate of the site H1 is not given",
    "occupancy_2": "the sites Cl1 and Br1 are 0.000 angstrom apart",
    "partial": "the site Fe1 is partly occupied",
    "vacancy_sym": "the site Ti1 is partly occupied",
}.items():
    given(K, "cif", "cif_sites", f"{name}.cif", refused={name: reason})
SALT = "Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5"
cif("tritium", K, PRE + cell(4.07) + sites("Li1 Li 0 0 0\nT1 T 0.5 0.5 0.5"), "H1 Li1")
cif(
    "dummy_flag",
    K,
    PRE + cell(4.2) + sites("Na1 Na 0 0 0 d\nCl1 Cl 0.5 0.5 0.5 d\nCg1 X 0.2 0.2 0.2 dum", more="calc_flag"),
    "Cl1 Na1",
)
cif(
    "occupancy_0",
    K,
    PRE + cell(4.2) + sites("Na1 Na 0 0 0 1\nCl1 Cl 0.5 0.5 0.5 1\nBr1 Br 0.5 0.5 0.5 0", more="occupancy"),
    "Cl1 Na1",
)
cif(
    "attached_hydrogens",
    K,
    PRE + cell(4.2) + sites("Li1 Li 0 0 0 0\nO1 O 0.5 0.5 0.5 1", more="attached_hydrogens"),
    refused="attached hydrogens",
)
cif(
    "text_field_with_data",
    K,
    PRE + "_exptl_special_details\n;\nsee\ndata_other\nloop_\n;\n" + cell(4.2) + sites(SALT),
    "Cl1 Na1",
)
cif("semicolon_in_text", K, PRE + "_a\n;\n_cell_length_a 9\n;\n" + cell(4.2) + sites(SALT), "Cl1 Na1")
cif("smart_quotes", K, PRE + "_chemical_name \u2019rock salt\u2019\n" + cell(4.2) + sites(SALT), "Cl1 Na1")
cif("decimal_comma", K, PRE + cell(4.2).replace("4.2", "4,2") + sites(SALT), refused="'4,2', not a number")
cif(
    "cartesian_hexagonal",
    K,
    PRE + cell(3, 3, 5, HEX) + sites(SALT).replace("fract", "Cartn"),
    refused="coordinates are Cartesian",
)
cif(
    "rounded_apart",
    K,
    PRE + cell(4.21) + sites("Mg1 Mg 0 0 0\nMg2 Mg 0.0007 0 0\nO1 O 0.5 0.5 0.5"),
    refused="the sites Mg1 and Mg2 are 0.003 angstrom apart",
)
cif(
    "equivalents_listed",
    K,
    PRE
    + cell(4.21)
    + "_symmetry_space_group_name_H-M 'P m -3 m'\n"
    + sites("Mg1 Mg 0 0 0\nO1 O 0.5 0 0\nO2 O 0 0.5 0"),
    "Mg1 O3",
)
cif(
    "two_elements_at_a_place",
    K,
    PRE + cell(4.21) + sites("Mg1 Mg 0 0 0\nCa1 Ca 0 0 0\nO1 O 0.5 0.5 0.5"),
    refused="the sites Mg1 and Ca1 are 0.000 angstrom apart",
)
cif("short_row", K, PRE + cell(4.2) + sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5"), refused="Wrong number of values")
cif(
    "angle_question",
    K,
    PRE + cell(4.2).replace("gamma 90", "gamma ?") + sites(SALT),
    refused="_cell_angle_gamma is not given",
)
cif("no_sites", K, PRE + cell(4.2), refused="no site list")
cif("two_lengths", K, PRE + "_cell_length_a 5\n" + cell(4.2) + sites(SALT), refused="stands twice")
add(
    K,
    "one_broken_block",
    "cif",
    text(
        "b.cif",
        "data_a\n"
        + cell(4.2)
        + sites(SALT)
        + "data_b\n"
        + cell(4.2)
        + sites("Na1 Na 0 0")
        + "data_c\n"
        + cell(4)
        + sites("Cs1 Cs 0 0 0\nCl1 Cl 0.5 0.5 0.5"),
    ),
    {"b-a": "Cl1 Na1", "b-c": "Cl1 Cs1"},
    {"b-b": "Wrong number of values"},
)
add(
    K,
    "blocks_of_one_name",
    "cif",
    text("t.cif", 2 * ("data_a\n" + cell(4.2) + sites(SALT))),
    {"t-a-1": "Cl1 Na1", "t-a-2": "Cl1 Na1"},
)
cif("not_cif", K, "hello world\n", refused="not CIF")

# ---- folders and archives
K = "folder"
OXIDES = {
    "BaO": "Ba4 O4",
    "CaO": "Ca4 O4",
    "MgO": "Mg4 O4",
    "MnO": "Mn4 O4",
    "NiO": "Ni4 O4",
    "SrO": "O4 Sr4",
}
given(
    K,
    "cif",
    "cif_folder",
    "",
    OXIDES | {"a/x": "Co4 O4", "b/x": "Fe4 O4", "space name (1)": "Eu4 O4", "übung": "O4 Yb4", "h": "Cd4 O4"},
    {"._MgO": "is not text"},
)


def folder(files: dict[str, bytes]) -> Callable[[Path], Path]:
    def make(place: Path) -> Path:
        for name, data in files.items():
            path = place / "in" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        return place / "in"

    return make


ONE = (PRE + cell(4.2) + sites(SALT)).encode()
add(K, "upper_only", "cif", folder({"A.CIF": ONE, "B.Cif": ONE}), {"A": "Cl1 Na1", "B": "Cl1 Na1"})
add(
    K,
    "packed",
    "cif",
    folder({"a/A.cif.gz": gzip.compress(ONE), "b/B.mcif": ONE}),
    {"A": "Cl1 Na1", "B": "Cl1 Na1"},
)
add(
    K,
    "same_stem",
    "cif",
    folder({"A.cif": ONE, "A.mcif": ONE, "b/A.cif": ONE}),
    {"A.cif": "Cl1 Na1", "A.mcif": "Cl1 Na1", "b/A": "Cl1 Na1"},
)
add(
    K,
    "other_files",
    "cif",
    folder({"A.cif": ONE, "README": b"hello", "POSCAR": b"x"}),
    {"A": "Cl1 Na1"},
    {"README": "does not end in .cif", "POSCAR": "does not end in .cif"},
)
add(
    K,
    "broken_gzip",
    "cif",
    folder({"A.cif": ONE, "B.cif.gz": gzip.compress(ONE)[:40]}),
    {"A": "Cl1 Na1"},
    {"B": "broken or cut"},
)
add(K, "no_cif", "cif", folder({"README": b"hello"}), refused={"": "no file ends in .cif"})


def archive(files: dict[str, bytes]) -> Callable[[Path], Path]:
    def make(place: Path) -> Path:
        with zipfile.ZipFile(place / "in.zip", "w") as target:
            for name, data in files.items():
                target.writestr(name, data)
        return place / "in.zip"

    return make


add(
    K,
    "zip",
    "cif",
    archive({"x/A.CIF": ONE, "x/B.cif.gz": gzip.compress(ONE), "x/notes.txt": b"hello"}),
    {"A": "Cl1 Na1", "B": "Cl1 Na1"},
    {"x/notes.txt": "does not end in .cif"},
)

# ---- CSV
K = "csv"
FOUR = {"mp-1": "Mg1 O1", "mp-2": "Ca1 O1", "mp-3": "O1 Sr1", "mp-4": "Ba1 O1"}
for name in [
    "bom",
    "both_ids",
    "crlf",
    "index_col",
    "plain",
    "semicolon",
    "tab",
    "upper",
    "utf16",
    "smart",
    "blank_line",
]:
    given(K, "csv", "crystal_csv", f"{name}.csv", FOUR)
for name in ("short_middle", "long_middle"):
    given(K, "csv", "crystal_csv", f"{name}.csv", FOUR, {"mp-x": "values for 3 columns"})
given(K, "csv", "crystal_csv", "dup_id.csv", FOUR, {"mp-1": "duplicate id"})
given(K, "csv", "crystal_csv", "latin1.csv", FOUR | {"mp-ü": "O1 Zn1"})
given(K, "csv", "crystal_csv", "no_id.csv", {"mp-9": "O1 Sr1"}, {"row-1": "no id", "row-2": "no id"})


def row(name: str, body: str = "") -> str:
    return f'{name},"{body or ONE.decode()}",1.5\n'


HEAD = "material_id,cif,energy\n"
add(
    K,
    "open_quote",
    "csv",
    text("a.csv", HEAD + row("a") + 'b,"data_x\n_cell_length_a 4\n' + row("c") + row("d")),
    {"a": "Cl1 Na1", "c": "Cl1 Na1", "d": "Cl1 Na1"},
    {"b": "damaged"},
)
add(
    K,
    "cut_at_the_end",
    "csv",
    text("a.csv", HEAD + row("a") + row("b")[:120]),
    {"a": "Cl1 Na1"},
    {"b": "damaged"},
)
add(
    K,
    "no_cif_in_a_row",
    "csv",
    text("a.csv", HEAD + row("a") + row("b", "nothing") + row("c")),
    {"a": "Cl1 Na1", "c": "Cl1 Na1"},
    {"b": "not CIF"},
)
add(
    K,
    "two_crystals_in_a_row",
    "csv",
    text("a.csv", HEAD + row("a") + row("b", 2 * ONE.decode())),
    {"a": "Cl1 Na1"},
    {"b": "holds 2 crystals"},
)
add(
    K,
    "big_field",
    "csv",
    text("a.csv", HEAD + row("a") + row("b", ONE.decode() + "# " + "x" * 17 * 2**20) + row("c")),
    refused={"": "a line is longer than"},
)
add(
    K,
    "big_field_in_lines",
    "csv",
    text("a.csv", HEAD + row("a") + row("b", ONE.decode() + ("# " + "x" * 1000 + "\n") * 17_000) + row("c")),
    {"a": "Cl1 Na1", "c": "Cl1 Na1"},
    {"b": "characters of CIF, more than"},
)
add(
    K,
    "many_sites",
    "csv",
    text(
        "a.csv",
        HEAD
        + row("a")
        + row("b", PRE + cell(400) + sites("\n".join(f"Na{i} Na 0.{i:06d} 0 0" for i in range(20_000))))
        + row("c"),
    ),
    {"a": "Cl1 Na1", "c": "Cl1 Na1"},
    {"b": "20000 sites, more than 10000"},
)
add(K, "header_only", "csv", text("a.csv", HEAD), refused={"": "a header but no rows"})
add(
    K,
    "line_break_in_id",
    "csv",
    text("a.csv", HEAD + row("a") + row('"b\nc"')),
    {"a": "Cl1 Na1"},
    {"b\nc": "line break"},
)

# ---- extxyz
K = "extxyz"
XYZ = "Mg1 O1"
for name, ids in {
    "blank_between": ["a", "b"],
    "bom": ["a"],
    "crlf": ["a", "b"],
    "deuterium": ["deuterium-0"],
    "energy_nan": ["q"],
    "far_outside": ["far"],
    "fortran_D": ["fortran_D-0"],
    "json_meta": ["json"],
    "labels": ["labels-0"],
    "latin1": ["a", "b"],
    "left_handed": ["left"],
    "lower_lattice": ["lower_lattice-0"],
    "material_id": ["mp-1265"],
    "neg_lattice": ["neg"],
    "nel": ["a"],
    "no_pbc_key": ["no_pbc_key-0"],
    "pos_first": ["pos_first-0"],
    "upper_ID": ["x1"],
    "velocities": ["velocities-0"],
    "z_first": ["z_first-0"],
}.items():
    given(
        K, "extxyz", "extxyz", f"{name}.extxyz", dict.fromkeys(ids, "H1 Li1" if name == "deuterium" else XYZ)
    )
given(K, "extxyz", "extxyz", "empty_frame.extxyz", {"a": XYZ}, {"e": "no atoms"})
given(K, "extxyz", "extxyz", "extra_columns.extxyz", refused={"extra": "has 5 values, Properties say 4"})
given(K, "extxyz", "extxyz", "ghost.extxyz", refused={"ghost-0": "'X' is no element"})
given(K, "extxyz", "extxyz", "id_int.extxyz", {"7": XYZ}, {"7": "duplicate id"})
given(K, "extxyz", "extxyz", "mixed.extxyz", {"a": XYZ, "c": XYZ}, {"b": "molecule or cluster"})
given(K, "extxyz", "extxyz", "natoms_wrong.extxyz", {"b": XYZ}, {"a": "promises 3 atoms, there are 2"})
given(K, "extxyz", "extxyz", "no_lattice.extxyz", refused={"no_lattice-0": "molecule or cluster"})
given(K, "extxyz", "extxyz", "pbc_false.extxyz", refused={"pbc_false-0": "molecule or cluster"})
given(K, "extxyz", "extxyz", "thin_lattice.extxyz", refused={"ten": "10 numbers, not 9"})
given(K, "extxyz", "extxyz", "vec_cell.extxyz", refused={"vec": "no cell"})


def frame(name: str, more: str = "", rows: str = "Mg 0 0 0\nO 2.1 2.1 2.1\n", count: object = 2) -> str:
    lattice = "" if "Lattice" in more else 'Lattice="4.2 0 0 0 4.2 0 0 0 4.2"'
    return f"{count}\n{lattice} Properties=species:S:1:pos:R:3 id={name} {more}\n{rows}"


def frames(name: str, body: str, kept: dict | None = None, refused: dict | None = None) -> None:
    add(K, name, "extxyz", text("f.extxyz", body), kept, refused)


frames("slab", frame("a") + frame("b", 'pbc="T T F"'), {"a": XYZ}, {"b": "a slab"})
frames("wire", frame("a") + frame("b", 'pbc="F F T"'), {"a": XYZ}, {"b": "a wire"})
frames("pbc_numbers", frame("a", 'pbc="1 1 1"') + frame("b", 'pbc="True True True"'), {"a": XYZ, "b": XYZ})
frames(
    "promises_999999999",
    frame("a") + frame("b", count=999999999) + frame("c"),
    {"a": XYZ, "c": XYZ},
    {"b": "promises 999999999 atoms, more than"},
)
frames(
    "more_lines_than_atoms",
    frame("a") + frame("b", rows="Mg 0 0 0\nO 2 2 2\nO 1 1 1\n") + frame("c"),
    {"a": XYZ, "c": XYZ},
    {"b": "more lines follow"},
)
frames(
    "nan_coordinate", frame("a", rows="Mg 0 0 nan\nO 2 2 2\n") + frame("b"), {"b": XYZ}, {"a": "not a finite"}
)
frames("cut", frame("a") + frame("b")[:-14], {"a": XYZ}, {"b": "there are 1|values"})
frames(
    "text_between",
    frame("a") + "# a remark\n" + frame("b") + frame("c"),
    {"b": XYZ, "c": XYZ},
    {"a": "more lines follow"},
)
frames(
    "flat_lattice",
    frame("a", 'Lattice="4 0 0 0 4 0 4 4 0"') + frame("b"),
    {"b": XYZ},
    {"a": "lie in a plane"},
)
frames("quoted_id", frame('"a b \\"c\\" = 1"') + frame("b"), {'a b "c" = 1': XYZ, "b": XYZ})
frames(
    "coincident",
    frame("a", rows="Mg 0 0 0\nO 0.003 0 0\n") + frame("b"),
    {"b": XYZ},
    {"a": "0.003 angstrom apart"},
)
frames(
    "negative_count", frame("a") + frame("b", count=-2) + frame("c"), {"c": XYZ}, {"a": "more lines follow"}
)


def bomb(place: Path) -> Path:
    path = place / "f.extxyz.gz"
    with gzip.open(path, "wb", 9) as handle:
        for _ in range(160):
            handle.write(b"\n" * 2**20)
    return path


add(K, "gzip_bomb", "extxyz", bomb, refused={"": "looks like a bomb|belong to no frame"})


# ---- ids that look like paths stay ids
K = "ids"
for name, ids in {
    "case": ["NaCl", "nacl"],
    "clash": ["a", "a_0"],
    "slash": ["ok", "mp/1265"],
    "space": ["ok", "MgO α (1)"],
    "trav": ["ok", "../evil"],
    "long": ["ok", "n" * 300],
}.items():
    given(K, "extxyz", "cif_ids", f"{name}.extxyz", dict.fromkeys(ids, "Mg1 O1"))


def judge(case: Case, outcome: Outcome) -> str:
    """``right``, ``refused`` (by name, as it should be) or ``wrong``, with what is."""
    import re

    if outcome.traceback:
        return f"wrong: traceback {outcome.traceback[:100]}"
    if not case.kept:
        said = outcome.sentence or " ".join(outcome.rejected.values())
        ok = not outcome.kept and all(re.search(reason, said) for reason in case.refused.values())
        if not outcome.kept and said.startswith("error: ") and not ok:
            return f"refused otherwise: {said}"
        return "refused" if ok else f"wrong: {outcome}"
    if outcome.kept != case.kept:
        return f"wrong: {outcome}"
    for name, reason in case.refused.items():
        if not re.search(reason, outcome.rejected.get(name, "")):
            return f"wrong: {name} is not refused for {reason!r}: {outcome.rejected}"
    return (
        "right" if outcome.rejected.keys() == case.refused.keys() else f"wrong: rejected {outcome.rejected}"
    )


if __name__ == "__main__":
    table: dict[str, Counter] = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as place:
            verdict = judge(case, prepare(case.make(Path(place)), case.form))
        word = verdict.split(":")[0].split()[0]
        table.setdefault(case.kind, Counter())[word] += 1
        if "-v" in sys.argv and word == "wrong":
            print(case.id, verdict[:300])
    print(f"{'kind':10} inputs right refused wrong")
    for kind, counts in table.items():
        print(
            f"{kind:10} {sum(counts.values()):6} {counts['right']:5} {counts['refused']:7} {counts['wrong']:5}"
        )
