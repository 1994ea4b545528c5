"""The property experiment of the Molecule3D paper."""
