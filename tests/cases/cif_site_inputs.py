"""CIF files: elements from labels, occupancies, hydrogens, grammar."""

from crystal_cases import HEX, PRE, SALT, add, cell, cif, given, sites, text

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
for name, text_of_z in {
    "half": "1/2",
    "third": "-1/3",
    "divided_by_zero": "1/0",
    "decimal_comma": "0,5",
}.items():
    cif(
        f"fraction_{name}",
        K,
        PRE + cell(4.2) + sites(f"Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 {text_of_z}"),
        None,
        f"a coordinate of the site Cl1 is '{text_of_z}', not a number",
    )
for name, text_of_z in {"bare_point": ".5", "exponent": "5e-1", "uncertain": "0.5(1)"}.items():
    cif(name, K, PRE + cell(4.2) + sites(f"Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 {text_of_z}"), "Cl1 Na1")
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

# ---- alternatives without an occupancy, cells in other units
for name, rows, outcome in (
    ("disorder_groups", "Na1 Na 0 0 0 .\nCl1 Cl 0.5 0.5 0.5 1\nCl2 Cl 0.5 0.5 0.6 2", None),
    ("one_disorder_group", "Na1 Na 0 0 0 .\nCl1 Cl 0.5 0.5 0.5 1", "Cl1 Na1"),
):
    body = PRE + cell(5.6) + sites(rows, more="disorder_group")
    cif(name, "sites", body, outcome, None if outcome else "disorder group 2 beside 1; keep one")
cif("volume_agrees", "sites", PRE + cell(4) + "_cell_volume 64.1(3)\n" + sites(SALT), "Cl1 Na1")
cif("volume_remark", "sites", PRE + cell(4) + "_cell_volume '64 A^3'\n" + sites(SALT), "Cl1 Na1")
cif(
    "volume_of_another_cell",
    "sites",
    PRE + cell(4) + "_cell_volume 900\n" + sites(SALT),
    refused="64.0 cubic angstrom, but _cell_volume is 900",
)
cif("nanometres", "sites", PRE + cell(0.56) + sites(SALT), refused="0.4.. angstrom apart")
cif(
    "radians",
    "sites",
    PRE + cell(5.6, angles=(1.5708,) * 3) + sites(SALT),
    refused="the cell repeats every 0.1.. angstrom",
)
