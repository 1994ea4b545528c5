"""Harmonic stability of relaxed crystals: finite displacements with the potential, phonopy, their modes."""
