"""Folders, archives, CSV and extxyz files of crystals."""

import gzip
import zipfile
from collections.abc import Callable
from pathlib import Path

from crystal_cases import PRE, SALT, add, cell, given, sites, text

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
    OXIDES
    | {"a/x": "Co4 O4", "b/x": "Fe4 O4", "h": "Cd4 O4"}
    | {"space name (1)": "Eu4 O4", "übung": "O4 Yb4"},
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
    "names_of_no_utf8",
    "cif",
    folder({"A.cif": ONE, "B\udcff.cif": ONE, "C\udcfe.cif": b"nothing"}),
    {"A": "Cl1 Na1", "B\\xff": "Cl1 Na1"},
    {"C\\xfe": "not CIF"},
)
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
    folder({"A.cif": ONE, "README": b"hello", "OUTCAR": b"x"}),
    {"A": "Cl1 Na1"},
    {"README": "does not end in .cif", "OUTCAR": "does not end in .cif"},
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
add(K, "twice", "csv", text("a.csv", "id,cif,CIF\na,x,y\n"), refused={"": "has the column cif twice"})
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
frames("pbc_one_flag", frame("a", "pbc=T") + frame("b", "pbc=F"), {"a": XYZ}, {"b": "molecule or cluster"})
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
