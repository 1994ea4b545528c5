"""Harmonics, quadrature, coupling coefficients and the constant arrays made of them, in float64."""
