"""Readers: one module a file format; each streams ``Entry`` objects."""
