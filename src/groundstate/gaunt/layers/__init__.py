"""Equivariant modules on features described by irreps."""
