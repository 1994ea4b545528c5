"""The stability stage: relaxations, hulls, controls."""
