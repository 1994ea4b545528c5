"""CIF files whose symmetry is stated in each of the ways that people state it."""

import gemmi
from crystal_cases import HEX, PRE, cell, cif, given, sites

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
SPINEL = "Mg1 Mg 0.125 0.125 0.125\nAl1 Al 0.5 0.5 0.5\nO1 O 0.2624 0.2624 0.2624"
FLUORITE = sites("Ca1 Ca 0 0 0\nF1 F 0.25 0.25 0.25")
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
    "parent_only",
    K,
    PRE + cell(5.463) + "_parent_space_group.name_H-M_alt 'F m -3 m'\n" + FLUORITE,
    refused="no operations are listed",
)
cif(
    "minus_sign",
    K,
    PRE + cell(5.463) + "_space_group_name_H-M_alt 'F m \u22123 m'\n" + FLUORITE,
    "Ca4 F8",
)
cif(
    "operations_upper_and_plus",
    K,
    PRE
    + cell(4.2)
    + "loop_\n_symmetry_equiv_pos_as_xyz\n'+X, +Y, +Z'\n' 1/2+X, 1/2+Y, Z '\n"
    + sites("Mn1 Mn 0 0 0\nO1 O 0 0 0.5"),
    "Mn2 O2",
)
cif(
    "centring_left_out",
    K,
    PRE
    + cell(5.463)
    + "_space_group_IT_number 225\nloop_\n_symmetry_equiv_pos_as_xyz\n"
    + "\n".join(op.triplet() for op in gemmi.find_spacegroup_by_number(221).operations())
    + "\n"
    + FLUORITE,
    refused="list the operations of the atoms",
)
cif(
    "too_many_operations",
    K,
    PRE
    + cell(5.463)
    + "loop_\n_symmetry_equiv_pos_as_xyz\n"
    + "".join(f"x+1/{number},y,z\n" for number in range(1, 3000))
    + FLUORITE,
    refused="more than 2000",
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
ROCK_SALT = sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5")
for name, tags, reason in [
    ("schoenflies", "_space_group_name_Schoenflies Oh^5\n", "no space group is stated"),
    ("bravais", "_space_group_Bravais_type cF\n", "no space group is stated"),
    ("formula_above_the_cell", "_chemical_formula_sum 'Na4 Cl4'\n", "no symmetry makes the others"),
    (
        "units_above_the_cell",
        "_chemical_formula_sum 'Na Cl'\n_cell_formula_units_Z 4\n",
        "no symmetry makes the others",
    ),
]:
    cif(name, K, PRE + cell(5.64) + tags + ROCK_SALT, refused=reason)
cif("schoenflies_none", K, PRE + cell(4.2) + "_space_group_name_Schoenflies C1^1\n" + ROCK_SALT, "Cl1 Na1")
cif(
    "units_of_a_sum",
    K,
    PRE
    + cell(5.64)
    + "_chemical_formula_sum 'Na2 Cl2'\n_cell_formula_units_Z 2\n"
    + sites("Na1 Na 0 0 0\nCl1 Cl 0.5 0.5 0.5\nNa2 Na 0 0.5 0.5\nCl2 Cl 0.5 0 0"),
    "Cl2 Na2",
)
