"""CIF text to crystals and back: grammar by gemmi, everything that decides the content here."""
