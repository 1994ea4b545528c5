"""Fingerprints of crystals: of the structure (CrystalNN) and of the composition (Magpie)."""
