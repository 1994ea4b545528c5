"""A ranker and an equivariant refiner on Gaunt tensor products."""
