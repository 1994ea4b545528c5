"""Ground-state molecular geometries and new crystals, as one Snakemake workflow."""

__version__ = "0.1.0"
