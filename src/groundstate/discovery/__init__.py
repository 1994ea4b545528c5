"""From a formula or a chemical system to a ranked table of relaxed crystals."""
