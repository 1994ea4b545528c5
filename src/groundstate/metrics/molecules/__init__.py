"""Measures of molecular geometries."""
