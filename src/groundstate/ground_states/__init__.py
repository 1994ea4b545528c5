"""Ground states by energy: relax geometries of molecules, rank them, label a list of SMILES."""
