"""Geometry models, their training and their prediction."""
