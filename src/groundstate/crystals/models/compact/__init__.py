"""``unimat-compact``: composition first, then places and lattice."""
