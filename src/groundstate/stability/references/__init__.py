"""Reference phases: entries, known crystals, prototypes, and the hull that they make."""
