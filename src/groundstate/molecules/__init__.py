"""Molecules: data, start geometries, models that predict ground states, properties."""
