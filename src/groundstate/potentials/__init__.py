"""Sources of energies: universal potentials, GFN2-xTB and density functional theory, one interface to all."""
