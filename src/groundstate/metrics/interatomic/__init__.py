"""Errors of interatomic potentials in energies and forces."""
