"""Potentials of single molecules: energies and forces of many geometries at once, and their relaxation."""
