"""Measures of crystals."""
