"""Reference phases: shipped energies, entries, crystals, prototypes, and the hull that they make."""
