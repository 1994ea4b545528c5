"""Interatomic potentials on Gaunt tensor products: data, network, training, use."""
