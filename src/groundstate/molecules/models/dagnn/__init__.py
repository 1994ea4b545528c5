"""The networks of the Molecule3D paper."""
